# How this project compiles: standard, warnings, optimisation, sanitizers, cache and linker.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# One optimised build with line tables serves tests and images: two cores pay for a second one dearly.
set(CMAKE_CXX_FLAGS_BERTH "-O1 -g1")

set(BERTH_SANITIZER "" CACHE STRING "Value for -fsanitize, empty for none")
if(BERTH_SANITIZER)
  add_compile_options(-fsanitize=${BERTH_SANITIZER} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${BERTH_SANITIZER})
  if(BERTH_SANITIZER MATCHES "thread")
    include_directories(BEFORE ${PROJECT_SOURCE_DIR}/cmake/tsan)
  endif()
endif()

add_compile_options(-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)

# Errors for our own code only; generated code is compiled without them.
add_library(berth_warnings INTERFACE)
target_compile_options(berth_warnings INTERFACE -Wall -Wextra -Werror -Wno-missing-field-initializers)
if(BERTH_SANITIZER AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # It loses track of what is initialised among the sanitizers' own branches.
  target_compile_options(berth_warnings INTERFACE -Wno-maybe-uninitialized)
endif()

find_program(BERTH_CCACHE ccache)
if(BERTH_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Relative paths and no directory hash: every clone shares one cache.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=time_macros ${BERTH_CCACHE})
endif()

find_program(BERTH_MOLD mold)
if(BERTH_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

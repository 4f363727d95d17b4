# The few kinds of target this project has.

# berth_library(NAME SRCS ... DEPS ...): a static library with the project's warnings, included by paths from
# the root.
function(berth_library name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SRCS})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS} PRIVATE berth_warnings)
endfunction()

# berth_binary(NAME SRCS ... DEPS ...): a program.
function(berth_binary name)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SRCS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} berth_warnings)
endfunction()

function(_berth_test name label timeout)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS" ${ARGN})
  if(BERTH_SANITIZER)
    math(EXPR timeout "${timeout} * 4")
  endif()
  add_executable(${name} ${ARG_SRCS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock_main berth_warnings)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${timeout}
    ENVIRONMENT "TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp:halt_on_error=1;LSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/lsan.supp;UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1")
endfunction()

# berth_test(NAME SRCS ... DEPS ...): a unit test; no network but loopback, no sleeping, seconds at the most.
function(berth_test name)
  _berth_test(${name} unit 60 ${ARGN})
endfunction()

# berth_integration_test(NAME SRCS ... DEPS ...): a test against a real etcd and kube-apiserver from $BERTH_BIN.
function(berth_integration_test name)
  _berth_test(${name} integration 600 ${ARGN})
endfunction()

#include "tests/integration/harness/program_path.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>

#include "gtest/gtest.h"

namespace berth::harness {

std::string ProgramPath(std::string_view name) {
  const char* folder = std::getenv("BERTH_BIN");
  std::string path = fmt::format("{}/{}", folder == nullptr ? "" : folder, name);
  EXPECT_EQ(access(path.c_str(), X_OK), 0)
      << path << ": BERTH_BIN must name a folder with it; './dev test' sets it";
  return path;
}

}  // namespace berth::harness

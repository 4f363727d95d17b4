#include "common/process/spawn.h"

#include <sys/wait.h>

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace berth::process {
namespace {

absl::StatusCode SpawnError(const Command& command) {
  const absl::StatusOr<Spawned> spawned = Spawn(command);
  if (spawned.ok()) ::waitpid(spawned->pid, nullptr, 0);
  return spawned.status().code();
}

TEST(SpawnTest, SaysThatTheProgramIsMissing) {
  const auto spawned = Spawn(Command{.program = "/no/such/program"});
  EXPECT_EQ(spawned.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(std::string(spawned.status().message()).find("/no/such/program"), std::string::npos);
}

TEST(SpawnTest, SaysThatTheProgramIsNotExecutable) {
  EXPECT_EQ(SpawnError(Command{.program = "/etc/passwd"}), absl::StatusCode::kPermissionDenied);
}

TEST(SpawnTest, SaysThatTheWorkingDirectoryIsMissing) {
  EXPECT_EQ(SpawnError(Command{.program = "/bin/true", .working_directory = "/no/such/directory"}),
            absl::StatusCode::kNotFound);
}

TEST(SpawnTest, RefusesRelativePaths) {
  EXPECT_EQ(SpawnError(Command{.program = "true"}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SpawnError(Command{.program = "/bin/true", .working_directory = "tmp"}),
            absl::StatusCode::kInvalidArgument);
}

TEST(SpawnTest, RefusesNulBytesRatherThanCuttingAnArgumentThere) {
  EXPECT_EQ(SpawnError(Command{.program = "/bin/true", .arguments = {std::string("a\0b", 3)}}),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      SpawnError(Command{.program = "/bin/true", .environment = {{"A", std::string("a\0b", 3)}}}),
      absl::StatusCode::kInvalidArgument);
}

TEST(SpawnTest, RefusesMalformedVariableNames) {
  EXPECT_EQ(SpawnError(Command{.program = "/bin/true", .environment = {{"A=B", "c"}}}),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SpawnError(Command{.program = "/bin/true", .environment = {{"", "c"}}}),
            absl::StatusCode::kInvalidArgument);
}

TEST(SpawnTest, LeavesNoZombieWhenTheProgramCannotBeExecuted) {
  ASSERT_FALSE(Spawn(Command{.program = "/no/such/program"}).ok());
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace berth::process

#include "common/process/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "common/sync/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::process {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Command Shell(const std::string& script) {
  return Command{.program = "/bin/sh",
                 .arguments = {"-c", script},
                 .environment = {{"PATH", "/usr/bin:/bin"}}};
}

std::vector<std::string> Texts(const Result& result, Stream stream = Stream::kStdout) {
  std::vector<std::string> texts;
  for (const OutputLine& line : result.lines) {
    if (line.stream == stream) texts.push_back(line.text);
  }
  return texts;
}

int OpenDescriptors() {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

bool HasChildren() { return ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD; }

// A child that is followed from outside: its first line can be waited for, and so can its end.
class Followed {
 public:
  Followed(Supervisor& supervisor, Command command)
      : id_(supervisor.Start(
            std::move(command),
            Callbacks{.on_line = [this](OutputLine line) { OnLine(std::move(line)); },
                      .on_exit = [this](absl::StatusOr<Exit> exit) { OnExit(std::move(exit)); }})) {
  }

  Supervisor::Id id() const { return id_; }

  std::string FirstLine() {
    first_.WaitForNotification();
    const MutexLock lock(mutex_);
    return lines_.empty() ? "" : lines_.front();
  }

  Exit WaitForExit() {
    exited_.WaitForNotification();
    const MutexLock lock(mutex_);
    return exit_.value();
  }

 private:
  void OnLine(OutputLine line) {
    const MutexLock lock(mutex_);
    lines_.push_back(std::move(line.text));
    if (!first_.HasBeenNotified()) first_.Notify();
  }

  void OnExit(absl::StatusOr<Exit> exit) {
    {
      const MutexLock lock(mutex_);
      exit_ = std::move(exit);
      if (!first_.HasBeenNotified()) first_.Notify();
    }
    exited_.Notify();
  }

  Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
  absl::StatusOr<Exit> exit_ ABSL_GUARDED_BY(mutex_);
  absl::Notification first_;
  absl::Notification exited_;
  const Supervisor::Id id_;
};

class SupervisorTest : public ::testing::Test {
 protected:
  Result Run(Command command) {
    absl::StatusOr<Result> result = supervisor_->Run(std::move(command));
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() ? *std::move(result) : Result{};
  }

  std::unique_ptr<Supervisor> supervisor_ = Supervisor::Create().value();
};

TEST_F(SupervisorTest, ReportsExitCodeAndLinesOfBothStreams) {
  const Result result = Run(Shell("echo one; echo two >&2; echo three; exit 7"));
  EXPECT_EQ(result.exit.code, 7);
  EXPECT_FALSE(result.exit.ok());
  EXPECT_FALSE(result.exit.stopped);
  EXPECT_THAT(Texts(result), ElementsAre("one", "three"));
  EXPECT_THAT(Texts(result, Stream::kStderr), ElementsAre("two"));
}

TEST_F(SupervisorTest, ReportsTheSignalThatKilledAChild) {
  const Result result = Run(Shell("kill -SEGV $$"));
  EXPECT_EQ(result.exit.signal, SIGSEGV);
  EXPECT_EQ(result.exit.code, std::nullopt);
  EXPECT_FALSE(result.exit.stopped);
}

TEST_F(SupervisorTest, ReportsAProgramThatCannotBeStarted) {
  EXPECT_EQ(supervisor_->Run(Command{.program = "/no/such/program"}).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(SupervisorTest, PassesArgumentsWithoutAShell) {
  const Result result = Run(Command{.program = "/usr/bin/printf",
                                    .arguments = {"%s\\n", "$(id)", "; rm -rf x", "a b", "*"}});
  EXPECT_THAT(Texts(result), ElementsAre("$(id)", "; rm -rf x", "a b", "*"));
}

TEST_F(SupervisorTest, GivesTheEnvironmentItWasToldAndNothingElse) {
  ::setenv("BERTH_TEST_LEAK", "secret", 1);
  const Result result =
      Run(Command{.program = "/usr/bin/env", .environment = {{"A", "1"}, {"B", ""}}});
  EXPECT_THAT(Texts(result), ElementsAre("A=1", "B="));
}

TEST_F(SupervisorTest, InheritsNoDescriptorThatIsOpenInTheParent) {
  const UniqueFd leaky(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  const Result result = Run(Shell("ls /proc/$$/fd"));
  EXPECT_THAT(Texts(result), ElementsAre("0", "1", "2"));
}

TEST_F(SupervisorTest, StartsWithDefaultSignalsWhateverTheParentBlocksAndIgnores) {
  ::signal(SIGPIPE, SIG_IGN);
  const Result result = Run(Shell("grep -E 'Sig(Blk|Ign)' /proc/self/status"));
  ::signal(SIGPIPE, SIG_DFL);
  EXPECT_THAT(Texts(result), ElementsAre("SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"));
}

TEST_F(SupervisorTest, RunsInTheGivenDirectory) {
  Command command = Shell("pwd -P");
  command.working_directory = "/usr";
  EXPECT_THAT(Texts(Run(std::move(command))), ElementsAre("/usr"));
}

TEST_F(SupervisorTest, PassesInputLargerThanAPipe) {
  Command command = Shell("wc -c");
  command.standard_input = std::string(3'000'000, 'x');
  EXPECT_THAT(Texts(Run(std::move(command))), ElementsAre(HasSubstr("3000000")));
}

TEST_F(SupervisorTest, SurvivesAChildThatDoesNotReadItsInput) {
  Command command = Shell("exec <&-; echo done");
  command.standard_input = std::string(3'000'000, 'x');
  const Result result = Run(std::move(command));
  EXPECT_TRUE(result.exit.ok());
  EXPECT_THAT(Texts(result), ElementsAre("done"));
}

TEST_F(SupervisorTest, EndsInputAtOnceWhenThereIsNone) {
  EXPECT_THAT(Texts(Run(Shell("cat; echo end"))), ElementsAre("end"));
}

TEST_F(SupervisorTest, DropsOutputBeyondTheTotal) {
  Command command = Shell("yes 123456789 | head -c 50000000; exit 3");
  command.output_limits.total_bytes = 1000;
  const Result result = Run(std::move(command));
  EXPECT_EQ(result.exit.code, 3);
  EXPECT_TRUE(result.exit.output_truncated);
  EXPECT_THAT(result.lines, SizeIs(100));
}

TEST_F(SupervisorTest, CutsALineWithoutEnd) {
  Command command = Shell("head -c 20000000 /dev/zero | tr '\\0' x");
  command.output_limits = {.line_bytes = 100, .total_bytes = 100'000'000};
  EXPECT_THAT(Texts(Run(std::move(command))), ElementsAre(std::string(100, 'x')));
}

TEST_F(SupervisorTest, ReplacesBytesThatAreNotUtf8) {
  const Result result = Run(Shell("printf 'a\\377b\\n'"));
  EXPECT_THAT(Texts(result), ElementsAre("a\xEF\xBF\xBD"
                                         "b"));
}

TEST_F(SupervisorTest, StopsAChildAtItsDeadline) {
  Command command = Shell("sleep 1000");
  command.timeout = milliseconds(50);
  const Result result = Run(std::move(command));
  EXPECT_TRUE(result.exit.timed_out);
  EXPECT_TRUE(result.exit.stopped);
  EXPECT_EQ(result.exit.signal, SIGTERM);
}

TEST_F(SupervisorTest, KillsAChildThatIgnoresItsStopSignalAfterTheGrace) {
  Command command = Shell("trap '' TERM; echo ready; while :; do sleep 1000; done");
  command.stop_policy = {.signal = SIGTERM, .grace = milliseconds(50)};
  Followed child(*supervisor_, std::move(command));
  ASSERT_EQ(child.FirstLine(), "ready");
  supervisor_->Stop(child.id());
  const Exit exit = child.WaitForExit();
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_TRUE(exit.stopped);
  EXPECT_FALSE(exit.timed_out);
}

TEST_F(SupervisorTest, LetsAStoppedChildEndInItsOwnWayWithinTheGrace) {
  Command command = Shell("trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.01; done");
  command.stop_policy = {.signal = SIGTERM, .grace = seconds(1000)};
  Followed child(*supervisor_, std::move(command));
  ASSERT_EQ(child.FirstLine(), "ready");
  supervisor_->Stop(child.id());
  EXPECT_EQ(child.WaitForExit().code, 9);
}

TEST_F(SupervisorTest, NeverSendsTermWhenThePolicyHasNone) {
  Command command = Shell("trap 'exit 9' TERM; echo ready; while :; do sleep 0.01; done");
  command.stop_policy = {.signal = std::nullopt};
  Followed child(*supervisor_, std::move(command));
  ASSERT_EQ(child.FirstLine(), "ready");
  supervisor_->Stop(child.id());
  EXPECT_EQ(child.WaitForExit().signal, SIGKILL);
}

TEST_F(SupervisorTest, SignalsAChildWithoutCallingThatAStop) {
  Followed child(*supervisor_,
                 Shell("trap 'exit 9' USR1; echo ready; while :; do sleep 0.01; done"));
  ASSERT_EQ(child.FirstLine(), "ready");
  supervisor_->Signal(child.id(), SIGUSR1);
  const Exit exit = child.WaitForExit();
  EXPECT_EQ(exit.code, 9);
  EXPECT_FALSE(exit.stopped);
}

TEST_F(SupervisorTest, KillEndsTheGraceOfAStop) {
  Command command = Shell("trap '' TERM; echo ready; while :; do sleep 1000; done");
  command.stop_policy = {.signal = SIGTERM, .grace = seconds(1000)};
  Followed child(*supervisor_, std::move(command));
  ASSERT_EQ(child.FirstLine(), "ready");
  supervisor_->Stop(child.id());
  supervisor_->Kill(child.id());
  EXPECT_EQ(child.WaitForExit().signal, SIGKILL);
}

// Waits for the end of a process that is not our child.
bool Ends(pid_t pid) {
  const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!pidfd.valid()) return errno == ESRCH;
  pollfd poll{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  return ::poll(&poll, 1, 10'000) == 1;
}

TEST_F(SupervisorTest, KillsWhatIsLeftOfTheGroupWhenItsLeaderEnds) {
  const Result result = Run(Shell("sleep 1000 >/dev/null 2>&1 & echo $!"));
  ASSERT_THAT(result.lines, SizeIs(1));
  EXPECT_TRUE(Ends(std::stoi(result.lines.front().text)));
}

TEST_F(SupervisorTest, DoesNotWaitForAStrayThatLeftTheGroupWithOurPipes) {
  const Result result = Run(Shell("setsid sleep 1000 & echo $!; sleep 0.2"));
  ASSERT_THAT(result.lines, SizeIs(1));
  EXPECT_TRUE(result.exit.ok());
  ::kill(std::stoi(result.lines.front().text), SIGKILL);
}

TEST_F(SupervisorTest, EnforcesResourceLimits) {
  Command command = Shell("ulimit -v; ulimit -f; ulimit -n; ulimit -c");
  command.resource_limits = {
      .address_space_bytes = std::uint64_t{1} << 30, .file_size_bytes = 1 << 20, .open_files = 64};
  EXPECT_THAT(Texts(Run(std::move(command))), ElementsAre("1048576", "2048", "64", "0"));
}

TEST_F(SupervisorTest, TiesTheChildsLifeToThisProcess) {
  // A child of ours becomes a supervisor whose process dies without a goodbye.
  supervisor_.reset();  // no threads across the fork
  std::array<int, 2> ends;
  ASSERT_EQ(::pipe(ends.data()), 0);
  const UniqueFd reader(ends[0]);
  UniqueFd writer(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    const auto supervisor = Supervisor::Create().value();
    Followed child(*supervisor, Shell("echo $$; exec sleep 1000"));
    const std::string line = child.FirstLine();
    [[maybe_unused]] const auto size = ::write(writer.get(), line.data(), line.size());
    ::kill(::getpid(), SIGKILL);
  }
  writer.Reset();
  ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
  std::array<char, 32> buffer{};
  ASSERT_GT(::read(reader.get(), buffer.data(), buffer.size() - 1), 0);
  EXPECT_TRUE(Ends(std::stoi(buffer.data())));
}

TEST_F(SupervisorTest, LeavesNeitherZombiesNorDescriptors) {
  Run(Shell("true"));
  const int before = OpenDescriptors();
  for (int i = 0; i < 20; ++i) Run(Shell("echo x"));
  for (int i = 0; i < 5; ++i) {
    ASSERT_FALSE(supervisor_->Run(Command{.program = "/no/such/program"}).ok());
  }
  EXPECT_EQ(OpenDescriptors(), before);
  EXPECT_FALSE(HasChildren());
}

TEST_F(SupervisorTest, DrivesManyChildrenAtOnce) {
  std::vector<std::unique_ptr<Followed>> children;
  children.reserve(50);
  for (int i = 0; i < 50; ++i) {
    children.push_back(
        std::make_unique<Followed>(*supervisor_, Shell("read x; echo " + std::to_string(i))));
  }
  for (int i = 0; i < 50; ++i) {
    EXPECT_TRUE(children[i]->WaitForExit().ok());
    EXPECT_EQ(children[i]->FirstLine(), std::to_string(i));
  }
}

TEST_F(SupervisorTest, StaysResponsiveBesideAChildThatWritesWithoutEnd) {
  Command command = Shell("yes");
  command.output_limits.total_bytes = 100;
  Followed noisy(*supervisor_, std::move(command));
  ASSERT_EQ(noisy.FirstLine(), "y");
  EXPECT_THAT(Texts(Run(Shell("echo quick"))), ElementsAre("quick"));
  supervisor_->Stop(noisy.id());
  EXPECT_TRUE(noisy.WaitForExit().output_truncated);
}

TEST_F(SupervisorTest, StartsNothingAfterItsShutdown) {
  supervisor_->Shutdown();
  supervisor_->Shutdown();
  EXPECT_EQ(supervisor_->Run(Shell("true")).status().code(), absl::StatusCode::kCancelled);
}

TEST_F(SupervisorTest, DestructionKillsAndReportsEveryChild) {
  Followed child(*supervisor_, Shell("trap '' TERM; echo ready; while :; do sleep 1000; done"));
  ASSERT_EQ(child.FirstLine(), "ready");
  supervisor_.reset();
  const Exit exit = child.WaitForExit();
  EXPECT_EQ(exit.signal, SIGKILL);
  EXPECT_TRUE(exit.stopped);
  EXPECT_FALSE(HasChildren());
}

TEST_F(SupervisorTest, StoppingAChildThatHasEndedDoesNothing) {
  Followed child(*supervisor_, Shell("exit 0"));
  EXPECT_TRUE(child.WaitForExit().ok());
  supervisor_->Stop(child.id());
  supervisor_->Kill(child.id());
  EXPECT_TRUE(Run(Shell("true")).exit.ok());
}

}  // namespace
}  // namespace berth::process

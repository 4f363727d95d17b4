#include "helm-service/adapters/helm_process_runner.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "common/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace berth::helm {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// A stand-in for helm: a script that answers "version" and otherwise tells what it was given.
constexpr char kScript[] = R"script(#!/bin/sh
if [ "$1" = version ]; then echo v4.1.4; exit 0; fi
case "$1" in template | upgrade) . "$(dirname "$0")/render"; exit;; esac
case "$*" in *sleeper*) echo ready; exec sleep 1000;; esac
for argument in "$@"; do echo "arg $argument"; done
env | grep -E '^(HELM_|KUBE|HOME|SECRET)' | sed 's/^/env /'
echo "cwd $(pwd) has $(ls | wc -l)"
echo "kubeconfig $(stat -c %a "$KUBECONFIG")"
echo "plugins $(ls "$HELM_PLUGINS" | wc -l)"
for last; do :; done
if [ -f "$last" ]; then echo "chart $(cat "$last")"; fi
echo "input $(cat)" >&2
exit 5
)script";

class HelmProcessRunnerTest : public ::testing::Test {
 protected:
  HelmProcessRunnerTest() {
    std::string root = ::testing::TempDir() + "runner-XXXXXX";
    root_ = ::mkdtemp(root.data());
    WriteProgram(kScript);
  }
  ~HelmProcessRunnerTest() override {
    supervisor_.reset();  // a run's folder goes a moment after its end was told
    fs::remove_all(root_);
  }

  void WriteProgram(const std::string& script) {
    std::ofstream(root_ + "/helm") << script;
    ::chmod((root_ + "/helm").c_str(), 0755);
  }

  absl::StatusOr<std::unique_ptr<HelmProcessRunner>> Create() {
    return HelmProcessRunner::Create(*supervisor_, metrics_,
                                     {.binary = root_ + "/helm",
                                      .work_directory = root_ + "/work",
                                      .kube = {.server = "https://127.0.0.1:1", .token = "t"}});
  }

  std::size_t RunFolders() const {
    std::size_t count = 0;
    for (const auto& own : fs::directory_iterator(root_ + "/work")) {
      for (const auto& run : fs::directory_iterator(own.path())) {
        if (run.path().filename().string().starts_with("run-")) ++count;
      }
    }
    return count;
  }

  static ReleaseKey Key(const std::string& name) {
    return {*NamespaceName::Parse("shop"), *ReleaseName::Parse(name)};
  }

  std::string root_;
  metrics::Registry registry_{"helm"};
  HelmMetrics metrics_{registry_};
  std::unique_ptr<process::Supervisor> supervisor_ = process::Supervisor::Create().value();
};

// What a process said until its end.
struct Heard {
  std::vector<std::string> lines;
  absl::StatusOr<HelmExit> exit;
  absl::Notification first_line;
  absl::Notification done;

  HelmRunner::Callbacks Callbacks() {
    return {.on_line =
                [this](HelmStream, std::string line) {
                  lines.push_back(std::move(line));
                  if (!first_line.HasBeenNotified()) first_line.Notify();
                },
            .on_exit =
                [this](absl::StatusOr<HelmExit> result) {
                  exit = std::move(result);
                  done.Notify();
                }};
  }
};

TEST_F(HelmProcessRunnerTest, AsksTheProgramForItsVersion) {
  const auto runner = Create();
  ASSERT_TRUE(runner.ok()) << runner.status();
  EXPECT_EQ((*runner)->version(), (HelmVersion{4, 1, 4}));
}

TEST_F(HelmProcessRunnerTest, RefusesProgramsThatAreNoHelmItKnows) {
  for (const char* script : {"#!/bin/sh\necho v2.17.0\n", "#!/bin/sh\necho hello\n",
                             "#!/bin/sh\nexit 1\n", "no program"}) {
    WriteProgram(script);
    EXPECT_EQ(ReasonOf(Create().status()), Reason::ERROR_REASON_HELM_UNAVAILABLE) << script;
  }
  fs::remove(root_ + "/helm");
  EXPECT_EQ(ReasonOf(Create().status()), Reason::ERROR_REASON_HELM_UNAVAILABLE);
}

TEST_F(HelmProcessRunnerTest, RunsHelmInAPrivateFolderWithValuesOnItsInput) {
  ::setenv("SECRET_OF_OURS", "x", 1);
  const auto runner = Create().value();
  const Action action{
      .release = Key("web"),
      .what = Install{.chart = ChartArchive{"archive-bytes"}, .values = {{"password", "hunter2"}}}};
  Heard heard;
  const auto process = runner->Start(
      action, {.wait_timeout = seconds(9), .kill_after = seconds(60)}, heard.Callbacks());
  ASSERT_TRUE(process.ok()) << process.status();
  heard.done.WaitForNotification();
  EXPECT_EQ(heard.exit->code, 5);
  EXPECT_THAT(heard.lines, Contains("arg install"));
  EXPECT_THAT(heard.lines, Contains("arg --timeout=9s"));
  EXPECT_THAT(heard.lines, Contains("chart archive-bytes"));
  EXPECT_THAT(heard.lines, Contains("input {\"password\":\"hunter2\"}"));
  EXPECT_THAT(heard.lines, Contains("kubeconfig 600"));
  EXPECT_THAT(heard.lines, Contains("plugins 0"));
  EXPECT_THAT(heard.lines, Contains(HasSubstr("/empty has 0")));
  EXPECT_THAT(heard.lines, Contains("env HELM_DRIVER=secret"));
  EXPECT_THAT(heard.lines, Not(Contains(HasSubstr("SECRET_OF_OURS"))));
}

TEST_F(HelmProcessRunnerTest, RemovesTheFolderAfterTheEnd) {
  const auto runner = Create().value();
  Heard heard;
  auto process =
      runner->Start({.release = Key("web"), .what = Uninstall{}},
                    {.wait_timeout = seconds(9), .kill_after = seconds(60)}, heard.Callbacks());
  heard.done.WaitForNotification();
  supervisor_->Shutdown();  // the callback and what it holds are gone
  EXPECT_EQ(RunFolders(), 0U);
}

TEST_F(HelmProcessRunnerTest, TerminatesAndKillsTheProcess) {
  const auto runner = Create().value();
  const Action action{.release = Key("sleeper"), .what = Uninstall{}};
  const HelmRunner::Task task{.wait_timeout = seconds(9), .kill_after = seconds(600)};
  Heard terminated;
  auto first = runner->Start(action, task, terminated.Callbacks()).value();
  terminated.first_line.WaitForNotification();
  first->Terminate();
  terminated.done.WaitForNotification();
  EXPECT_EQ(terminated.exit->signal, SIGTERM);

  Heard killed;
  auto second = runner->Start(action, task, killed.Callbacks()).value();
  killed.first_line.WaitForNotification();
  second.reset();
  killed.done.WaitForNotification();
  EXPECT_EQ(killed.exit->signal, SIGKILL);
}

TEST_F(HelmProcessRunnerTest, KillsWithoutTermAtTheEndOfItsTime) {
  const auto runner = Create().value();
  Heard heard;
  const auto process = runner->Start(
      {.release = Key("sleeper"), .what = Uninstall{}},
      {.wait_timeout = seconds(1), .kill_after = std::chrono::milliseconds(50)}, heard.Callbacks());
  heard.done.WaitForNotification();
  EXPECT_EQ(heard.exit->signal, SIGKILL);
}

TEST_F(HelmProcessRunnerTest, ReportsAHelmThatItKillsOnLeavingAsLeftToAnother) {
  const auto runner = Create().value();
  Heard heard;
  const auto process =
      runner->Start({.release = Key("sleeper"), .what = Uninstall{}},
                    {.wait_timeout = seconds(9), .kill_after = seconds(600)}, heard.Callbacks());
  heard.first_line.WaitForNotification();
  runner->Leave();
  heard.done.WaitForNotification();
  EXPECT_TRUE(absl::IsCancelled(heard.exit.status()));
}

TEST_F(HelmProcessRunnerTest, CountsWhatRunsAndHowItEnded) {
  const auto runner = Create().value();
  const Action sleeper{.release = Key("sleeper"), .what = Uninstall{}};
  const HelmRunner::Task task{.wait_timeout = seconds(9), .kill_after = seconds(600)};
  Heard failed;
  const auto ends =
      runner->Start({.release = Key("web"), .what = Rollback{1}}, task, failed.Callbacks());
  failed.done.WaitForNotification();
  Heard killed;
  const auto runs = runner->Start(sleeper, task, killed.Callbacks());
  killed.first_line.WaitForNotification();
  EXPECT_THAT(registry_.Text(), HasSubstr("helm_processes_running 1"));
  (*runs)->Kill();
  killed.done.WaitForNotification();
  EXPECT_THAT(registry_.Text(), HasSubstr("helm_processes_running 0"));
  EXPECT_THAT(registry_.Text(),
              HasSubstr("helm_runs_total{command=\"rollback\",outcome=\"failed\"} 1"));
  EXPECT_THAT(registry_.Text(),
              HasSubstr("helm_runs_total{command=\"uninstall\",outcome=\"killed\"} 1"));
  EXPECT_THAT(registry_.Text(),
              HasSubstr("helm_run_duration_seconds_count{command=\"rollback\"} 1"));
}

TEST_F(HelmProcessRunnerTest, SharesTheDiscoveryCacheAlone) {
  const auto runner = Create().value();
  const HelmRunner::Task task{.wait_timeout = seconds(9), .kill_after = seconds(600)};
  Heard first;
  Heard second;
  for (Heard* heard : {&first, &second}) {
    const auto process =
        runner->Start({.release = Key("web"), .what = Uninstall{}}, task, heard->Callbacks());
    heard->done.WaitForNotification();
  }
  const auto value_of = [](const Heard& heard, const std::string& name) {
    for (const std::string& line : heard.lines) {
      if (line.starts_with("env " + name + "=")) return line;
    }
    return std::string();
  };
  EXPECT_NE(value_of(first, "KUBECACHEDIR"), "");
  EXPECT_EQ(value_of(first, "KUBECACHEDIR"), value_of(second, "KUBECACHEDIR"));
  for (const char* own : {"HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HOME"}) {
    EXPECT_NE(value_of(first, own), value_of(second, own)) << own;
  }
}

TEST_F(HelmProcessRunnerTest, SaysThatThisProcessIsAboutToStop) {
  const auto runner = Create().value();
  supervisor_->Shutdown();
  Heard heard;
  const auto process =
      runner->Start({.release = Key("web"), .what = Uninstall{}},
                    {.wait_timeout = seconds(9), .kill_after = seconds(60)}, heard.Callbacks());
  heard.done.WaitForNotification();
  EXPECT_TRUE(absl::IsCancelled(heard.exit.status()));
}

// What is rendered is what a script prints.
class RenderTest : public HelmProcessRunnerTest {
 protected:
  void Prints(const std::string& script) { std::ofstream(root_ + "/render") << script << "\n"; }

  static Rendering ToRender() {
    return {.install = {.release = Key("web"),
                        .what = Install{.chart = ChartArchive{"archive-bytes"},
                                        .values = {{"password", "hunter2"}}}}};
  }
};

TEST_F(RenderTest, RendersWithoutCredentialsAndWithoutACluster) {
  const auto runner = Create().value();
  Prints(R"sh(
    for last; do :; done
    echo "chart: $(cat "$last")"
    echo "values: $(cat)"
    test -e "$KUBECONFIG" && echo "has a kubeconfig"
    echo "WARNING: careful" >&2)sh");
  const auto outcome = runner->Render(ToRender(), seconds(60));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->content.manifest,
            "chart: archive-bytes\nvalues: {\"password\":\"hunter2\"}\n");
  EXPECT_THAT(outcome->messages, Contains("WARNING: careful"));
  EXPECT_EQ(RunFolders(), 0U);
}

TEST_F(RenderTest, GivesADryRunTheClusterAndReadsItsJson) {
  const auto runner = Create().value();
  Prints(R"sh(test -e "$KUBECONFIG" || exit 3
    echo '{"version": 2, "info": {"notes": "hi"}, "manifest": "kind: A", "chart": {}}')sh");
  const Action action{.release = Key("web"),
                      .what = Upgrade{.chart = ChartArchive{"archive-bytes"}, .install = true}};
  const auto outcome = runner->DryRun(action, seconds(60));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->exit.code, 0);
  EXPECT_EQ(outcome->revision, 2);
  EXPECT_EQ(outcome->content.manifest, "kind: A");
  Prints("echo hello");
  EXPECT_EQ(ReasonOf(runner->DryRun(action, seconds(60)).status()),
            Reason::ERROR_REASON_HELM_UNAVAILABLE);
}

TEST_F(RenderTest, TellsWhatAFailedHelmSaid) {
  const auto runner = Create().value();
  Prints("echo half a manifest; echo 'Error: no' >&2; exit 1");
  const auto outcome = runner->Render(ToRender(), seconds(60));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->exit.code, 1);
  EXPECT_EQ(outcome->content.manifest, "");
  EXPECT_THAT(outcome->messages, Contains("Error: no"));
}

TEST_F(RenderTest, KillsAHelmThatTakesTooLong) {
  const auto runner = Create().value();
  Prints("exec sleep 1000");
  EXPECT_EQ(ReasonOf(runner->Render(ToRender(), std::chrono::milliseconds(50)).status()),
            Reason::ERROR_REASON_OPERATION_TIMEOUT);
  EXPECT_EQ(RunFolders(), 0U);
}

TEST_F(RenderTest, RefusesMoreOutputThanItHolds) {
  const auto runner = Create().value();
  Prints("head -c 17000000 /dev/zero | tr '\\0' 'x'");
  EXPECT_EQ(ReasonOf(runner->Render(ToRender(), seconds(60)).status()),
            Reason::ERROR_REASON_RESULT_TOO_LARGE);
}

TEST_F(RenderTest, SaysThatThisProcessIsAboutToStop) {
  const auto runner = Create().value();
  supervisor_->Shutdown();
  EXPECT_EQ(ReasonOf(runner->Render(ToRender(), seconds(60)).status()),
            Reason::ERROR_REASON_SHUTTING_DOWN);
}

}  // namespace
}  // namespace berth::helm

#include "helm-service/adapters/helm_process_runner.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/adapters/dry_run_json.h"
#include "helm-service/adapters/kubeconfig.h"
#include "helm-service/domain/helm_arguments.h"
#include "helm-service/domain/helm_log.h"
#include "helm-service/domain/helm_options.h"
#include "helm-service/domain/values.h"

namespace berth::helm {
namespace {

constexpr std::string_view kArchive = "chart.tgz";

absl::Status Unusable(std::string_view what, const absl::Status& why) {
  return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_HELM_UNAVAILABLE,
               fmt::format("{}: {}", what, std::string(why.message())));
}

// The absolute path of a program.
absl::StatusOr<std::string> FindProgram(const std::string& binary) {
  std::error_code error;
  if (binary.find('/') != std::string::npos) return std::filesystem::absolute(binary, error);
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    const std::string candidate = fmt::format("{}/{}", folder, binary);
    if (folder.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
  }
  return absl::NotFoundError(fmt::format("no program '{}' in $PATH", binary));
}

// Signals go to the supervisor; its callbacks keep the folder until the process has ended.
class RunningHelm final : public HelmRunner::Process {
 public:
  RunningHelm(process::Supervisor& supervisor, process::Supervisor::Id id)
      : supervisor_(supervisor), id_(id) {}
  ~RunningHelm() override { supervisor_.Kill(id_); }

  void Terminate() override { supervisor_.Signal(id_, SIGTERM); }
  void Kill() override { supervisor_.Kill(id_); }

 private:
  process::Supervisor& supervisor_;
  const process::Supervisor::Id id_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HelmProcessRunner>> HelmProcessRunner::Create(
    process::Supervisor& supervisor, HelmMetrics& metrics, Options options) {
  absl::StatusOr<std::string> binary = FindProgram(options.binary);
  if (!binary.ok()) return Unusable("helm.binary", binary.status());
  options.binary = *std::move(binary);
  absl::StatusOr<std::unique_ptr<WorkDirectory>> work = WorkDirectory::Open(options.work_directory);
  if (!work.ok()) return Unusable("helm.work_directory", work.status());
  std::unique_ptr<HelmProcessRunner> runner(
      new HelmProcessRunner(supervisor, metrics, std::move(options), *std::move(work)));
  absl::StatusOr<HelmVersion> version = runner->ProbeVersion();
  if (version.ok()) {
    if (absl::Status status = CheckSupported(*version); !status.ok()) version = status;
  }
  if (!version.ok()) return Unusable(runner->options_.binary, version.status());
  runner->version_ = *version;
  return runner;
}

HelmProcessRunner::HelmProcessRunner(process::Supervisor& supervisor, HelmMetrics& metrics,
                                     Options options, std::unique_ptr<WorkDirectory> work)
    : supervisor_(supervisor),
      metrics_(metrics),
      options_(std::move(options)),
      work_(std::move(work)) {}

absl::StatusOr<HelmVersion> HelmProcessRunner::ProbeVersion() {
  ASSIGN_OR_RETURN(const std::shared_ptr<RunDirectory> directory, work_->MakeRun());
  ASSIGN_OR_RETURN(process::Command command, Prepare(*directory, Cluster::kNone));
  command.arguments = {"version", "--template={{.Version}}"};
  command.timeout = std::chrono::seconds(30);
  ASSIGN_OR_RETURN(const process::Result result, supervisor_.Run(std::move(command)));
  for (const process::OutputLine& line : result.lines) {
    if (result.exit.ok() && line.stream == process::Stream::kStdout) {
      return HelmVersion::Parse(line.text);
    }
  }
  return absl::FailedPreconditionError("'helm version' did not answer with a version");
}

absl::StatusOr<process::Command> HelmProcessRunner::Prepare(const RunDirectory& directory,
                                                            Cluster cluster) const {
  for (const char* folder : {"empty", "tmp", "cache", "config", "data", "plugins"}) {
    RETURN_IF_ERROR(directory.MakeFolder(folder));
  }
  if (cluster == Cluster::kReachable) {
    RETURN_IF_ERROR(directory.WriteFile("kubeconfig", WriteKubeconfig(options_.kube)));
  }
  process::Command command;
  command.program = options_.binary;
  command.environment = {
      {"HOME", directory.PathOf("tmp")},
      {"TMPDIR", directory.PathOf("tmp")},
      {"KUBECONFIG", directory.PathOf("kubeconfig")},
      {"HELM_CACHE_HOME", directory.PathOf("cache")},
      {"HELM_CONFIG_HOME", directory.PathOf("config")},
      {"HELM_DATA_HOME", directory.PathOf("data")},
      {"HELM_PLUGINS", directory.PathOf("plugins")},
      {"HELM_DRIVER", "secret"},
      {"KUBECACHEDIR", work_->SharedPathOf("discovery")},
      {"NO_COLOR", "1"},
  };
  // Nothing lies there that a chart reference could be taken for.
  command.working_directory = directory.PathOf("empty");
  command.resource_limits = options_.resource_limits;
  command.output_limits = options_.output_limits;
  command.stop_policy = {.signal = std::nullopt};
  return command;
}

void HelmProcessRunner::Leave() {
  leaving_ = true;
  supervisor_.BeginShutdown();
}

absl::StatusOr<HelmExit> HelmProcessRunner::Translate(
    const absl::StatusOr<process::Exit>& exit) const {
  if (absl::IsCancelled(exit.status())) return exit.status();
  if (!exit.ok()) return Unusable("starting Helm", exit.status());
  if (leaving_ && exit->stopped) return absl::CancelledError("this process is about to stop");
  return HelmExit{.code = exit->code, .signal = exit->signal};
}

absl::StatusOr<process::Command> HelmProcessRunner::Prepare(const RunDirectory& directory,
                                                            Cluster cluster,
                                                            const Action& action) const {
  absl::StatusOr<process::Command> command = Prepare(directory, cluster);
  if (!command.ok()) return Unusable("preparing Helm", command.status());
  if (const ChartArchive* archive = ArchiveOf(action)) {
    const absl::Status written = directory.WriteFile(kArchive, archive->bytes);
    if (!written.ok()) return Unusable("preparing Helm", written);
  }
  if (const nlohmann::json* values = ValuesOf(action)) {
    command->standard_input = WriteValues(*values);
  }
  return command;
}

absl::StatusOr<std::unique_ptr<HelmRunner::Process>> HelmProcessRunner::Start(const Action& action,
                                                                              const Task& task,
                                                                              Callbacks callbacks) {
  absl::StatusOr<std::shared_ptr<RunDirectory>> directory = work_->MakeRun();
  if (!directory.ok()) return Unusable("preparing Helm", directory.status());
  absl::StatusOr<process::Command> command = Prepare(**directory, Cluster::kReachable, action);
  if (!command.ok()) return command.status();
  command->arguments =
      HelmArguments(action, version_, task.wait_timeout, (*directory)->PathOf(kArchive));
  command->timeout = task.kill_after;
  const std::string name = command->arguments.front();
  metrics_.Started();
  const process::Supervisor::Id id = supervisor_.Start(
      *std::move(command),
      {.on_line =
           [on_line = std::move(callbacks.on_line)](process::OutputLine line) {
             on_line(line.stream == process::Stream::kStdout ? HelmStream::kStdout
                                                             : HelmStream::kStderr,
                     std::move(line.text));
           },
       .on_exit =
           [this, name, started = std::chrono::steady_clock::now(),
            on_exit = std::move(callbacks.on_exit),
            directory = *std::move(directory)](const absl::StatusOr<process::Exit>& exit) {
             absl::StatusOr<HelmExit> translated = Translate(exit);
             metrics_.Ended(name, translated, std::chrono::steady_clock::now() - started);
             on_exit(std::move(translated));
           }});
  return std::make_unique<RunningHelm>(supervisor_, id);
}

absl::StatusOr<HelmProcessRunner::Printed> HelmProcessRunner::RunForOutput(
    process::Command command, std::size_t limit, std::chrono::milliseconds kill_after) {
  command.timeout = kill_after;
  command.output_limits = {.line_bytes = limit, .total_bytes = limit};
  const std::string name = command.arguments.front();
  const auto started = std::chrono::steady_clock::now();
  metrics_.Started();
  const absl::StatusOr<process::Result> result = supervisor_.Run(std::move(command));
  const absl::StatusOr<HelmExit> exit =
      Translate(result.ok() ? absl::StatusOr<process::Exit>(result->exit) : result.status());
  metrics_.Ended(name, exit, std::chrono::steady_clock::now() - started);
  if (absl::IsCancelled(exit.status())) {
    return Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_SHUTTING_DOWN,
                 "this replica is about to stop: repeat the call");
  }
  if (!exit.ok()) return exit.status();
  if (result->exit.timed_out) {
    return Error(absl::StatusCode::kDeadlineExceeded, Reason::ERROR_REASON_OPERATION_TIMEOUT,
                 fmt::format("Helm took more than {} ms", kill_after.count()));
  }
  if (result->exit.output_truncated) {
    return Error(absl::StatusCode::kResourceExhausted, Reason::ERROR_REASON_RESULT_TOO_LARGE,
                 fmt::format("Helm printed more than {} bytes", limit))
        .WithMetadata("limit_bytes", std::to_string(limit));
  }
  Printed printed{.exit = *exit};
  HelmLog log(/*shows_values=*/true);
  for (const process::OutputLine& line : result->lines) {
    if (line.stream == process::Stream::kStdout) {
      printed.output += line.text;
      printed.output += '\n';
    } else if (std::optional<HelmLog::Entry> entry = log.Read(HelmStream::kStderr, line.text)) {
      if (entry->kind == HelmLog::Kind::kMessage) printed.messages.push_back(entry->text);
    }
  }
  return printed;
}

absl::StatusOr<RenderOutcome> HelmProcessRunner::Render(const Rendering& rendering,
                                                        std::chrono::milliseconds kill_after) {
  RETURN_IF_ERROR(CheckOptions(rendering.install, version_));
  const absl::StatusOr<std::shared_ptr<RunDirectory>> directory = work_->MakeRun();
  if (!directory.ok()) return Unusable("preparing Helm", directory.status());
  ASSIGN_OR_RETURN(process::Command command,
                   Prepare(**directory, Cluster::kNone, rendering.install));
  command.arguments = TemplateArguments(rendering, (*directory)->PathOf(kArchive));
  ASSIGN_OR_RETURN(Printed printed, RunForOutput(std::move(command), kMostBytes, kill_after));
  RenderOutcome outcome{.exit = printed.exit, .messages = std::move(printed.messages)};
  if (printed.exit.code == 0) outcome.content.manifest = std::move(printed.output);
  return outcome;
}

absl::StatusOr<RenderOutcome> HelmProcessRunner::DryRun(const Action& action,
                                                        std::chrono::milliseconds kill_after) {
  RETURN_IF_ERROR(CheckOptions(action, version_));
  const absl::StatusOr<std::shared_ptr<RunDirectory>> directory = work_->MakeRun();
  if (!directory.ok()) return Unusable("preparing Helm", directory.status());
  ASSIGN_OR_RETURN(process::Command command, Prepare(**directory, Cluster::kReachable, action));
  const auto timeout = std::chrono::duration_cast<std::chrono::seconds>(kill_after);
  command.arguments = DryRunArguments(action, version_, timeout, (*directory)->PathOf(kArchive));
  // The chart is printed along with what it renders to.
  constexpr std::size_t kMostOutput = 4 * kMostBytes;
  ASSIGN_OR_RETURN(Printed printed, RunForOutput(std::move(command), kMostOutput, kill_after));
  RenderOutcome outcome{.exit = printed.exit, .messages = std::move(printed.messages)};
  if (printed.exit.code != 0) return outcome;
  absl::StatusOr<DryRunRelease> release = ReadDryRun(printed.output);
  if (!release.ok()) return Unusable("reading Helm's output", release.status());
  outcome.content = std::move(release->content);
  outcome.notes = std::move(release->notes);
  outcome.revision = release->revision;
  return outcome;
}

}  // namespace berth::helm

#include "tests/integration/helm/helm_service_process.h"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include <nlohmann/json.hpp>

#include "tests/integration/harness/eventually.h"

namespace berth::helm {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The port in the log's "ready" event, once it is there.
std::optional<int> ServingPort(const std::string& log) {
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json event = nlohmann::json::parse(line, nullptr, false);
    if (event.is_object() && event.value("message", "") == "ready") return event.value("port", 0);
  }
  return std::nullopt;
}

// Fields of /proc/PID/stat behind the program's name: state, parent, ...
std::optional<pid_t> ParentOf(const std::filesystem::path& process) {
  const std::string stat = ReadFile(process / "stat");
  const std::size_t end = stat.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream rest(stat.substr(end + 1));
  std::string state;
  pid_t parent = 0;
  rest >> state >> parent;
  if (state == "Z") return std::nullopt;
  return parent;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HelmServiceProcess>> HelmServiceProcess::Start(
    const Options& options) {
  static std::atomic<int> started = 0;
  const std::string log_file = fmt::format("{}/helm-service-{}.log", options.folder, ++started);
  std::vector<std::string> arguments = {
      HELM_SERVICE_PROGRAM,
      "--listen=127.0.0.1:0",
      "--metrics_listen=",
      "--log.format=json",
      "--log.level=debug",
      "--kube.kubeconfig=" + options.kubeconfig,
      "--kube.namespace=" + options.ns,
      "--helm.binary=" + options.helm,
      "--helm.work_directory=" + options.folder + "/work",
      fmt::format("--helm.max_processes={}", options.max_processes)};
  arguments.insert(arguments.end(), options.flags.begin(), options.flags.end());
  absl::StatusOr<harness::Child> child = harness::Child::Start(arguments, log_file);
  if (!child.ok()) return child.status();
  std::unique_ptr<HelmServiceProcess> service(new HelmServiceProcess(*std::move(child), log_file));
  std::optional<int> port;
  const bool serving = harness::Eventually([&] {
    port = ServingPort(service->Log());
    return port.has_value() || !service->child_.IsRunning();
  });
  if (!serving || !port.has_value()) return absl::InternalError(service->Log());
  const auto channel =
      grpc::CreateChannel(fmt::format("127.0.0.1:{}", *port), grpc::InsecureChannelCredentials());
  service->helm_ = v1::HelmService::NewStub(channel);
  service->charts_ = v1::ChartService::NewStub(channel);
  service->operations_ = operation::v1::OperationService::NewStub(channel);
  return service;
}

std::vector<pid_t> HelmServiceProcess::HelmPids() const {
  std::vector<pid_t> pids;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (ParentOf(entry.path()) == child_.pid()) pids.push_back(std::stoi(name));
  }
  return pids;
}

pid_t HelmServiceProcess::WaitForHelm() const {
  const auto command_line = [](pid_t pid) {
    return ReadFile(fmt::format("/proc/{}/cmdline", pid));
  };
  // Between fork and exec a child still has the command line of its parent, and then none.
  const auto runs_helm = [&](pid_t pid) {
    const std::string line = command_line(pid);
    return !line.empty() && line != command_line(child_.pid());
  };
  pid_t helm = -1;
  harness::Eventually([&] {
    const std::vector<pid_t> pids = HelmPids();
    const auto found = std::find_if(pids.begin(), pids.end(), runs_helm);
    if (found != pids.end()) helm = *found;
    return helm > 0;
  });
  return helm;
}

std::string HelmServiceProcess::Log() const { return ReadFile(log_file_); }

}  // namespace berth::helm

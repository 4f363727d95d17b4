#include "tests/bench/service_process.h"

#include <fmt/format.h>

#include <fstream>
#include <utility>

#include "common/status/macros.h"
#include "tests/integration/harness/free_port.h"

namespace berth::bench {

absl::StatusOr<ServiceProcess> ServiceProcess::Start(const Options& options) {
  const int port = harness::FreePort();
  std::string address = fmt::format("127.0.0.1:{}", port);
  std::vector<std::string> argv = {options.program, "--listen=" + address,
                                   "--metrics_listen=", "--kube.kubeconfig=" + options.kubeconfig,
                                   "--kube.namespace=" + options.ns};
  argv.insert(argv.end(), options.flags.begin(), options.flags.end());
  ASSIGN_OR_RETURN(harness::Child child,
                   harness::Child::Start(argv, fmt::format("{}/{}.log", options.folder, port)));
  return ServiceProcess(std::move(child), std::move(address));
}

double ServiceProcess::AnonymousMemory() const {
  std::ifstream status(fmt::format("/proc/{}/status", child_.pid()));
  for (std::string key; status >> key;) {
    double kibibytes = 0;
    if (key == "RssAnon:" && status >> kibibytes) return kibibytes / 1024;
    std::getline(status, key);
  }
  return 0;
}

}  // namespace berth::bench

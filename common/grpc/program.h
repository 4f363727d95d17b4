#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "common/config/config.h"
#include "common/grpc/server.h"
#include "common/log/log.h"

namespace berth::rpc {

/// What every service can be told, beside its own keys.
struct ProgramOptions {
  ServerOptions server;
  log::Options log;
  /// Path of a kubeconfig; empty inside a pod.
  std::string kubeconfig;
};

/// Binds the keys that every service has. `kube_namespace` is the namespace of Berth's own objects.
void AddProgramKeys(config::Table& table, ProgramOptions& options, std::string& kube_namespace);

/// What main does around a service's own work: parses the command line into what `table` binds,
/// sets up the log and calls `serve`. Returns the exit status: 0, also for --help; 1 if `serve`
/// failed, 2 if the configuration is wrong; both say why on standard error.
int RunProgram(config::Table& table, int argc, char** argv, const ProgramOptions& options,
               const std::function<absl::Status()>& serve);

}  // namespace berth::rpc

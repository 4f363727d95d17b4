#include "common/grpc/program.h"

#include <malloc.h>

#include <cstdio>

#include "common/status/status.h"

namespace berth::rpc {
namespace {

// glibc gives threads arenas of their own, eight for each core, and every one keeps what it once
// held: services of many threads that now and then read a big object would keep it many times.
constexpr int kArenas = 2;

}  // namespace

void AddProgramKeys(config::Table& table, ProgramOptions& options, std::string& kube_namespace) {
  AddServerOptions(table, options.server);
  table.AddChoice<log::Level>("log.level", &options.log.level,
                              {{"debug", log::Level::kDebug},
                               {"info", log::Level::kInfo},
                               {"warn", log::Level::kWarning},
                               {"error", log::Level::kError}},
                              "events below it are dropped");
  table.AddChoice<log::Format>("log.format", &options.log.format,
                               {{"text", log::Format::kText}, {"json", log::Format::kJson}},
                               "how events are written");
  table.Add("kube.kubeconfig", &options.kubeconfig, "kubeconfig file; empty inside a pod");
  table.Add("kube.namespace", &kube_namespace, "Berth's namespace").Required();
}

int RunProgram(config::Table& table, int argc, char** argv, const ProgramOptions& options,
               const std::function<absl::Status()>& serve) {
  const auto outcome = table.Parse(argc, argv);
  if (!outcome.ok()) {
    std::fprintf(stderr, "%s\n", Describe(outcome.status()).c_str());
    return 2;
  }
  if (outcome->action == config::Outcome::Action::kExit) {
    std::fputs(outcome->text.c_str(), stdout);
    return 0;
  }
  mallopt(M_ARENA_MAX, kArenas);
  log::Init(options.log);
  if (const absl::Status served = serve(); !served.ok()) {
    log::Error("stopped", {{"error", Describe(served)}});
    return 1;
  }
  return 0;
}

}  // namespace berth::rpc

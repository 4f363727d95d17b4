#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/config/config.h"
#include "common/kube/config.h"
#include "helm-service/adapters/helm_process_runner.h"
#include "helm-service/domain/release_handler.h"
#include "helm-service/domain/release_preview.h"
#include "helm-service/domain/secret_policy.h"

namespace berth::helm {

/// How Helm is run, as an operator may set it.
struct HelmKeys {
  std::string binary = "helm";
  std::string work_directory = "/tmp/berth";
  int max_processes = 8;
  std::int64_t max_memory_bytes = std::int64_t{8} << 30;
  std::int64_t max_file_bytes = std::int64_t{512} << 20;
  int max_open_files = 1024;
  std::int64_t max_output_bytes = std::int64_t{4} << 20;
  std::chrono::seconds kill_margin{30};
  std::chrono::seconds undo_timeout{300};
  /// After the drain: how long Helms that were told to stop may take.
  std::chrono::seconds stop_timeout{10};
  /// For rendering and comparing, beside max_processes.
  int max_renders = 4;
  std::chrono::seconds render_timeout{60};
  SecretPolicy secrets;

  HelmProcessRunner::Options RunnerOptions(kube::Config kube) const;
  ReleaseHandler::Options HandlerOptions() const;
  ReleasePreview::Options PreviewOptions() const;
};

/// Binds the keys `helm.*`.
void AddHelmKeys(config::Table& table, HelmKeys& keys);

}  // namespace berth::helm

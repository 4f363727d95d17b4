#include "helm-service/adapters/helm_keys.h"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace berth::helm {

HelmProcessRunner::Options HelmKeys::RunnerOptions(kube::Config kube) const {
  return {.binary = binary,
          .work_directory = work_directory,
          .kube = std::move(kube),
          .resource_limits = {.address_space_bytes = static_cast<std::uint64_t>(max_memory_bytes),
                              .file_size_bytes = static_cast<std::uint64_t>(max_file_bytes),
                              .open_files = static_cast<std::uint64_t>(max_open_files)},
          .output_limits = {.total_bytes = static_cast<std::size_t>(max_output_bytes)}};
}

ReleaseHandler::Options HelmKeys::HandlerOptions() const {
  return {.kill_margin = kill_margin, .undo_timeout = undo_timeout};
}

ReleasePreview::Options HelmKeys::PreviewOptions() const { return {.time_limit = render_timeout}; }

void AddHelmKeys(config::Table& table, HelmKeys& keys) {
  constexpr std::int64_t kMiB = std::int64_t{1} << 20;
  constexpr std::int64_t kSecond = 1000;
  table.Add("helm.binary", &keys.binary, "the helm program: a path, or a name in $PATH").Required();
  table
      .Add("helm.work_directory", &keys.work_directory,
           "where each Helm process gets a private folder")
      .Required();
  table.Add("helm.max_processes", &keys.max_processes, "Helm processes at one time").Range(1, 1000);
  table
      .AddBytes("helm.max_memory_bytes", &keys.max_memory_bytes,
                "address space of a Helm process, of which it uses a small part")
      .Range(1024 * kMiB);
  table
      .AddBytes("helm.max_file_bytes", &keys.max_file_bytes,
                "largest file that a Helm process may write")
      .Range(kMiB);
  table.Add("helm.max_open_files", &keys.max_open_files, "files and connections of a Helm process")
      .Range(64, 1 << 20);
  table
      .AddBytes("helm.max_output_bytes", &keys.max_output_bytes,
                "what is read of a Helm process' output; the rest is dropped")
      .Range(std::int64_t{64} << 10);
  table
      .Add("helm.kill_margin", &keys.kill_margin,
           "how long Helm may go on after the operation's timeout before it is killed")
      .Range(kSecond, 600 * kSecond);
  table
      .Add("helm.undo_timeout", &keys.undo_timeout,
           "how long taking back a failed install or upgrade may take")
      .Range(kSecond, 86'400 * kSecond);
  table
      .Add("helm.stop_timeout", &keys.stop_timeout,
           "after drain_timeout: how long installs and upgrades that are told to stop may take")
      .Range(0, 600 * kSecond);
  table
      .Add("helm.max_renders", &keys.max_renders,
           "Helm processes that render or compare, beside helm.max_processes, at one time")
      .Range(1, 1000);
  table.Add("helm.render_timeout", &keys.render_timeout, "how long each of them may take")
      .Range(kSecond, 600 * kSecond);
  table.Add("helm.allow_showing_secrets", &keys.secrets.allow_showing,
            "show values of Secrets to callers who ask for them");
}

}  // namespace berth::helm

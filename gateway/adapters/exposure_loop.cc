#include "gateway/adapters/exposure_loop.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>

#include "common/log/log.h"
#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::gateway {
namespace {

/// A conflict is the ordinary way of two replicas at the same work.
void LogFailure(const std::string& key, const absl::Status& error) {
  if (!absl::IsAborted(error)) {
    log::Warning("exposure not reconciled", {{"exposure", key}, {"error", Describe(error)}});
  }
}

}  // namespace

ExposureLoop::ExposureLoop(Reconciler& reconciler, int workers)
    : reconciler_(reconciler),
      queue_({.name = "exposures",
              .workers = workers,
              .max_backoff = std::chrono::seconds(30),
              .on_error = LogFailure},
             [this](const std::string& key, const std::stop_token&) { return Reconcile(key); }) {}

kube::WorkQueue::Outcome ExposureLoop::Reconcile(const std::string& key) {
  const std::size_t slash = key.find('/');
  ASSIGN_OR_RETURN(Namespace ns, Namespace::Parse(key.substr(0, slash)));
  ASSIGN_OR_RETURN(ExposureName name, ExposureName::Parse(key.substr(slash + 1)));
  ASSIGN_OR_RETURN(const std::optional<std::chrono::milliseconds> again,
                   reconciler_.Reconcile({std::move(ns), std::move(name)}));
  return again;
}

}  // namespace berth::gateway

#include "tests/integration/operation/gated_handler.h"

#include <algorithm>
#include <utility>

#include "common/status/status.h"

#include "berth/helm/v1/helm_service.pb.h"

namespace berth::operation {

Progress GatedHandler::Advance(Run& run) {
  Behaviour behaviour;
  {
    MutexLock lock(mutex_);
    behaviour = behaviour_;
  }
  return behaviour ? behaviour(run) : AdvanceGated(run);
}

Progress GatedHandler::AdvanceGated(Run& run) {
  if (!run.effects_begun()) {
    nlohmann::json plan = run.plan();
    plan["request"] = run.spec().request_id;
    if (!run.BeginEffects(plan).ok()) return Wait{std::chrono::milliseconds(50)};
  }
  run.Phase("WORKING", run.recovered() ? "again" : "first");
  const bool open = NoteBegun(run);
  if (run.cancel_requested()) {
    return End(run, Failed{Error(absl::StatusCode::kCancelled, Reason::ERROR_REASON_CANCELLED,
                                 "stopped as asked")});
  }
  if (run.remaining().count() == 0) {
    return End(run, Failed{Error(absl::StatusCode::kDeadlineExceeded,
                                 Reason::ERROR_REASON_OPERATION_TIMEOUT, "out of time")});
  }
  if (!open) return Wait{};
  helm::v1::InstallReleaseResult result;
  result.mutable_release()->set_name(run.spec().target_name);
  google::protobuf::Any any;
  any.PackFrom(result);
  return End(run, Done{any});
}

bool GatedHandler::NoteBegun(const Run& run) {
  MutexLock lock(mutex_);
  Known& known = known_[run.spec().request_id];
  if (!known.begun) {
    known.begun = true;
    known.recovered = run.recovered() && run.input() == nullptr;
    known.reporter = run.reporter();
    begun_.push_back(run.spec().request_id);
    most_ = std::max(most_, ++now_);
    changed_.NotifyAll();
  }
  return known.open;
}

Progress GatedHandler::End(const Run& run, Progress progress) {
  MutexLock lock(mutex_);
  Known& known = known_[run.spec().request_id];
  if (!std::exchange(known.ended, true)) --now_;
  return progress;
}

void GatedHandler::Behave(Behaviour behaviour) {
  MutexLock lock(mutex_);
  behaviour_ = std::move(behaviour);
}

void GatedHandler::Open(const std::string& request_id) {
  std::shared_ptr<Reporter> reporter;
  {
    MutexLock lock(mutex_);
    known_[request_id].open = true;
    reporter = known_[request_id].reporter;
  }
  if (reporter != nullptr) reporter->Wake();
}

bool GatedHandler::WaitUntilBegun(const std::string& request_id) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  MutexLock lock(mutex_);
  while (!known_[request_id].begun) {
    if (!changed_.WaitUntil(mutex_, deadline)) return known_[request_id].begun;
  }
  return true;
}

std::shared_ptr<Reporter> GatedHandler::ReporterOf(const std::string& request_id) {
  MutexLock lock(mutex_);
  return known_[request_id].reporter;
}

std::vector<std::string> GatedHandler::begun() const {
  MutexLock lock(mutex_);
  return begun_;
}

bool GatedHandler::recovered(const std::string& request_id) const {
  MutexLock lock(mutex_);
  const auto known = known_.find(request_id);
  return known != known_.end() && known->second.recovered;
}

int GatedHandler::most_at_once() const {
  MutexLock lock(mutex_);
  return most_;
}

}  // namespace berth::operation

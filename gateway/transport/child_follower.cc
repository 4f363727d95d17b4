#include "gateway/transport/child_follower.h"

#include <optional>
#include <utility>
#include <variant>

#include "common/status/macros.h"

namespace berth::gateway {
namespace {

void PassOn(const operation::v1::OperationUpdate& update, operation::Run& run) {
  using Update = operation::v1::OperationUpdate;
  switch (update.detail_case()) {
    case Update::kPhase:
      return run.Phase(update.phase().phase(), update.phase().message());
    case Update::kLine:
    case Update::kObject:
    case Update::kWarning:
    case Update::kHook:
    case Update::kContainerLine:
      return run.reporter()->Publish(update);
    case Update::kAccepted:
    case Update::kQueued:
    case Update::kUpdatesLost:
    case Update::kKeepAlive:
    case Update::DETAIL_NOT_SET:
      return;  // of the child's own stream
  }
}

}  // namespace

absl::StatusOr<Child> ChildFollower::Look(const std::string& request_id, operation::Run& run) {
  if (followed_ != request_id) {
    watch_.reset();
  }
  Drain(run);
  if (watch_ != nullptr) {
    return Child{.state = Child::State::kRunning, .cancel_requested = cancelled_ == request_id};
  }
  ASSIGN_OR_RETURN(Child child, children_.Find(request_id));
  if (child.state != Child::State::kRunning) {
    return child;
  }
  child.cancel_requested = child.cancel_requested || cancelled_ == request_id;
  ASSIGN_OR_RETURN(watch_,
                   children_.Follow(request_id, [reporter = run.reporter()] { reporter->Wake(); }));
  followed_ = request_id;
  Drain(run);
  return watch_ != nullptr ? std::move(child) : children_.Find(request_id);
}

absl::Status ChildFollower::Cancel(const std::string& method, const std::string& request_id) {
  RETURN_IF_ERROR(children_.Cancel(method, request_id));
  cancelled_ = request_id;
  return absl::OkStatus();
}

void ChildFollower::Drain(operation::Run& run) {
  while (watch_ != nullptr) {
    const std::optional<operation::WatchEvent> event = watch_->Poll();
    if (!event.has_value()) {
      return;
    }
    if (const auto* update = std::get_if<operation::v1::OperationUpdate>(&*event)) {
      PassOn(*update, run);
    } else {
      watch_.reset();
    }
  }
}

}  // namespace berth::gateway

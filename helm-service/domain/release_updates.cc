#include "helm-service/domain/release_updates.h"

#include <utility>

#include "common/operation/proto_time.h"

#include "berth/operation/v1/operation.pb.h"

namespace berth::helm {
namespace {

using operation::v1::HookUpdate;
using operation::v1::ObjectStatus;
using operation::v1::OperationUpdate;

void Write(const ObjectRef& ref, operation::v1::ObjectReference& proto) {
  proto.set_group(ref.group);
  proto.set_version(ref.version);
  proto.set_kind(ref.kind);
  proto.set_namespace_(ref.ns);
  proto.set_name(ref.name);
}

ObjectStatus::State ToProto(ObjectState state) {
  switch (state) {
    case ObjectState::kMissing:
      return ObjectStatus::STATE_MISSING;
    case ObjectState::kProgressing:
      return ObjectStatus::STATE_PROGRESSING;
    case ObjectState::kReady:
      return ObjectStatus::STATE_READY;
    case ObjectState::kFailed:
      return ObjectStatus::STATE_FAILED;
    case ObjectState::kTerminating:
      return ObjectStatus::STATE_TERMINATING;
  }
  return ObjectStatus::STATE_UNSPECIFIED;
}

HookUpdate::State ToProto(ReleaseUpdates::HookState state) {
  switch (state) {
    case ReleaseUpdates::HookState::kStarted:
      return HookUpdate::STATE_STARTED;
    case ReleaseUpdates::HookState::kSucceeded:
      return HookUpdate::STATE_SUCCEEDED;
    case ReleaseUpdates::HookState::kFailed:
      return HookUpdate::STATE_FAILED;
  }
  return HookUpdate::STATE_UNSPECIFIED;
}

}  // namespace

ObjectStatus ToProto(const ObjectRef& object, const Readiness& readiness) {
  ObjectStatus status;
  Write(object, *status.mutable_object());
  status.set_state(ToProto(readiness.state));
  status.set_message(readiness.message);
  return status;
}

void ReleaseUpdates::Object(const ObjectRef& object, const Readiness& readiness) const {
  OperationUpdate update;
  *update.mutable_object() =
      ToProto(object, {.state = readiness.state, .message = Redact(readiness.message)});
  reporter_->Publish(std::move(update));
}

void ReleaseUpdates::Warning(const KubernetesWarning& warning) const {
  OperationUpdate update;
  operation::v1::KubernetesWarning& proto = *update.mutable_warning();
  Write(warning.object, *proto.mutable_object());
  Write(warning.owner, *proto.mutable_owner());
  proto.set_reason(warning.reason);
  proto.set_message(Redact(warning.message));
  proto.set_count(warning.count);
  if (warning.first_time.has_value()) {
    *proto.mutable_first_time() = operation::ToTimestamp(*warning.first_time);
  }
  if (warning.last_time.has_value()) {
    *proto.mutable_last_time() = operation::ToTimestamp(*warning.last_time);
  }
  reporter_->Publish(std::move(update));
}

void ReleaseUpdates::Hook(const ObjectRef& object, const std::vector<std::string>& events,
                          HookState state, std::string_view message) const {
  OperationUpdate update;
  HookUpdate& proto = *update.mutable_hook();
  Write(object, *proto.mutable_object());
  for (const std::string& event : events) proto.add_events(event);
  proto.set_state(ToProto(state));
  proto.set_message(Redact(message));
  reporter_->Publish(std::move(update));
}

void ReleaseUpdates::ContainerLine(const std::string& ns, const std::string& pod,
                                   const std::string& container, std::string_view text) const {
  OperationUpdate update;
  operation::v1::ContainerLine& proto = *update.mutable_container_line();
  proto.set_namespace_(ns);
  proto.set_pod(pod);
  proto.set_container(container);
  proto.set_text(Redact(text));
  reporter_->Publish(std::move(update));
}

void ReleaseUpdates::Note(std::string_view text) const {
  reporter_->Line("berth", operation::v1::OutputLine::STREAM_STDERR, text);
}

}  // namespace berth::helm

#include "common/operation/record.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "common/kube/object.h"
#include "common/kube/resource.h"
#include "common/operation/clipped_text.h"
#include "common/operation/names.h"
#include "common/operation/proto_time.h"
#include "common/status/rpc_status.h"
#include "common/status/status.h"

namespace berth::operation {
namespace {

using kube::Json;

constexpr std::size_t kMaxErrorMessageBytes = 1 << 10;
constexpr std::size_t kMaxConditionMessageBytes = 512;

struct StateName {
  State state;
  std::string_view name;
};
constexpr StateName kStateNames[] = {
    {v1::Operation::STATE_QUEUED, "QUEUED"},   {v1::Operation::STATE_RUNNING, "RUNNING"},
    {v1::Operation::STATE_UNDOING, "UNDOING"}, {v1::Operation::STATE_SUCCEEDED, "SUCCEEDED"},
    {v1::Operation::STATE_FAILED, "FAILED"},   {v1::Operation::STATE_CANCELLED, "CANCELLED"},
};

std::string_view NameOf(State state) {
  for (const StateName& entry : kStateNames) {
    if (entry.state == state) return entry.name;
  }
  return "";
}

void Put(Json& object, const char* field, const std::string& value) {
  if (!value.empty()) object[field] = value;
}

std::optional<kube::Time> TimeAt(const Json& object, std::initializer_list<std::string_view> path) {
  const absl::StatusOr<kube::Time> time = kube::ParseTime(kube::StringAt(object, path));
  if (!time.ok()) return std::nullopt;
  return *time;
}

// An error as stored: cut to its bound, details last to go and ErrorInfo never.
std::string Encode(const absl::Status& error) {
  google::rpc::Status proto = ToRpcStatus(error);
  if (proto.ByteSizeLong() > kMaxErrorBytes) {
    proto.set_message(ClippedText(proto.message(), kMaxErrorMessageBytes));
  }
  while (proto.ByteSizeLong() > kMaxErrorBytes && proto.details_size() > 1) {
    proto.mutable_details()->RemoveLast();
  }
  if (proto.ByteSizeLong() > kMaxErrorBytes) proto.clear_details();
  return absl::Base64Escape(proto.SerializeAsString());
}

absl::Status Decode(const std::string& text) {
  std::string bytes;
  google::rpc::Status proto;
  if (!absl::Base64Unescape(text, &bytes) || !proto.ParseFromString(bytes) || proto.code() == 0) {
    return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                 "the operation's recorded error cannot be read");
  }
  return FromRpcStatus(proto);
}

Json NewObject(const std::string& kube_namespace, const std::string& service, const Spec& spec) {
  Json object = kube::NewObject(
      kube::kOperations,
      {kube_namespace, OperationName(spec.caller, ServiceOfMethod(spec.method), spec.request_id)});
  Json& fields = object["spec"] = Json::object();
  fields["method"] = spec.method;
  fields["service"] = service;
  fields["caller"] = spec.caller;
  fields["requestId"] = spec.request_id;
  fields["timeoutSeconds"] = spec.timeout.count();
  Put(fields, "targetNamespace", spec.target_namespace);
  Put(fields, "targetName", spec.target_name);
  Put(fields, "parent", spec.parent);
  if (spec.takes_release_ticket) fields["takesReleaseTicket"] = true;
  return object;
}

}  // namespace

bool IsTerminal(State state) {
  return state == v1::Operation::STATE_SUCCEEDED || state == v1::Operation::STATE_FAILED ||
         state == v1::Operation::STATE_CANCELLED;
}

Record Record::New(const std::string& kube_namespace, const std::string& service, const Spec& spec,
                   const BodyDigest& digest, const Holder& holder) {
  Record record(NewObject(kube_namespace, service, spec));
  Json& fields = record.object_["spec"];
  Put(fields, "bodyDigest", digest.body);
  Put(fields, "digestKeyId", digest.key_id);
  Put(fields, "contractVersion", digest.contract_version);
  record.set_holder(holder);
  return record;
}

Record Record::NewCancelled(const std::string& kube_namespace, const std::string& service,
                            const Spec& spec) {
  Record record(NewObject(kube_namespace, service, spec));
  record.set_cancel_requested();
  return record;
}

std::string Record::name() const { return kube::Name(object_); }

std::string Record::service() const { return kube::StringAt(object_, {"spec", "service"}); }

Spec Record::spec() const {
  const Json& ticket = kube::At(object_, {"spec", "takesReleaseTicket"});
  return {
      .method = kube::StringAt(object_, {"spec", "method"}),
      .target_namespace = kube::StringAt(object_, {"spec", "targetNamespace"}),
      .target_name = kube::StringAt(object_, {"spec", "targetName"}),
      .caller = kube::StringAt(object_, {"spec", "caller"}),
      .request_id = kube::StringAt(object_, {"spec", "requestId"}),
      .parent = kube::StringAt(object_, {"spec", "parent"}),
      .timeout = std::chrono::seconds(kube::IntAt(object_, {"spec", "timeoutSeconds"}).value_or(1)),
      .takes_release_ticket = ticket.is_boolean() && ticket.get<bool>()};
}

BodyDigest Record::digest() const {
  return {.body = kube::StringAt(object_, {"spec", "bodyDigest"}),
          .key_id = kube::StringAt(object_, {"spec", "digestKeyId"}),
          .contract_version = kube::StringAt(object_, {"spec", "contractVersion"})};
}

Holder Record::holder() const {
  return {.lease = kube::StringAt(object_, {"spec", "holder", "lease"}),
          .pod_name = kube::StringAt(object_, {"spec", "holder", "podName"}),
          .pod_uid = kube::StringAt(object_, {"spec", "holder", "podUid"}),
          .address = kube::StringAt(object_, {"spec", "holder", "address"})};
}

State Record::state() const {
  const std::string name = kube::StringAt(object_, {"status", "state"});
  for (const StateName& entry : kStateNames) {
    if (entry.name == name) return entry.state;
  }
  const bool cancelled_unseen = holder().lease.empty() && cancel_requested();
  return cancelled_unseen ? v1::Operation::STATE_CANCELLED : v1::Operation::STATE_QUEUED;
}

bool Record::state_recorded() const {
  return !kube::StringAt(object_, {"status", "state"}).empty();
}

bool Record::cancel_requested() const {
  const Json& wish = kube::At(object_, {"spec", "cancelRequested"});
  return wish.is_boolean() && wish.get<bool>();
}

Json Record::plan() const {
  const Json& plan = kube::At(object_, {"spec", "plan"});
  return plan.is_object() ? plan : Json::object();
}

bool Record::effects_begun() const { return TimeAt(object_, {"status", "startTime"}).has_value(); }

kube::Time Record::create_time() const {
  return kube::CreationTimestamp(object_).value_or(kube::Time());
}

std::optional<kube::Time> Record::end_time() const {
  return TimeAt(object_, {"status", "endTime"});
}

kube::Time Record::deadline() const {
  const std::optional<kube::Time> undo = TimeAt(object_, {"status", "undo", "deadline"});
  return undo ? *undo : create_time() + spec().timeout;
}

absl::Status Record::undo_cause() const {
  const std::string error = kube::StringAt(object_, {"status", "undo", "error"});
  return error.empty() ? absl::OkStatus() : Decode(error);
}

std::vector<v1::PhaseRecord> Record::phases() const {
  std::vector<v1::PhaseRecord> phases;
  const Json& stored = kube::At(object_, {"status", "phases"});
  if (!stored.is_array()) return phases;
  for (const Json& entry : stored) {
    v1::PhaseRecord& phase = phases.emplace_back();
    phase.set_sequence(kube::IntAt(entry, {"sequence"}).value_or(0));
    phase.set_phase(kube::StringAt(entry, {"phase"}));
    phase.set_message(kube::StringAt(entry, {"message"}));
    if (const std::optional<kube::Time> time = TimeAt(entry, {"time"})) {
      *phase.mutable_time() = ToTimestamp(*time);
    }
  }
  return phases;
}

std::int64_t Record::sequence_reserved() const {
  return kube::IntAt(object_, {"status", "sequenceReserved"}).value_or(kFirstSequenceBlock);
}

Outcome Record::outcome() const {
  if (state() == v1::Operation::STATE_SUCCEEDED) {
    std::string bytes;
    google::protobuf::Any result;
    if (absl::Base64Unescape(kube::StringAt(object_, {"status", "result"}), &bytes) &&
        result.ParseFromString(bytes)) {
      return result;
    }
    return Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                 "the operation succeeded, but its recorded result cannot be read");
  }
  const std::string error = kube::StringAt(object_, {"status", "error"});
  return error.empty() ? CancelledWithoutEffect() : Decode(error);
}

v1::Operation Record::ToProto() const {
  const Spec facts = spec();
  v1::Operation operation;
  operation.set_name(name());
  operation.set_method(facts.method);
  operation.set_target_namespace(facts.target_namespace);
  operation.set_target_name(facts.target_name);
  operation.set_parent(facts.parent);
  operation.set_state(state());
  for (v1::PhaseRecord& phase : phases()) *operation.add_phases() = std::move(phase);
  operation.set_cancel_requested(cancel_requested());
  *operation.mutable_create_time() = ToTimestamp(create_time());
  if (!terminal()) return operation;

  *operation.mutable_end_time() = ToTimestamp(end_time().value_or(create_time()));
  Outcome end = outcome();
  if (end.ok()) {
    *operation.mutable_result() = *std::move(end);
  } else {
    *operation.mutable_error() = ToRpcStatus(end.status());
    operation.set_reason(ReasonOf(end.status()));
  }
  return operation;
}

void Record::set_holder(const Holder& holder) {
  Json& fields = object_["spec"]["holder"];
  fields = Json{{"lease", holder.lease}};
  Put(fields, "podName", holder.pod_name);
  Put(fields, "podUid", holder.pod_uid);
  Put(fields, "address", holder.address);
}

void Record::set_cancel_requested() { object_["spec"]["cancelRequested"] = true; }

void Record::set_plan(const Json& plan) { object_["spec"]["plan"] = plan; }

void Record::set_sequence_reserved(std::int64_t up_to) {
  object_["status"]["sequenceReserved"] = up_to;
}

void Record::set_phases(const std::vector<v1::PhaseRecord>& phases) {
  Json stored = Json::array();
  const std::size_t surplus =
      phases.size() > kMaxRecordedPhases ? phases.size() - kMaxRecordedPhases : 0;
  for (std::size_t i = 0; i < phases.size(); ++i) {
    if (i > 0 && i <= surplus) continue;
    stored.push_back({{"sequence", phases[i].sequence()},
                      {"phase", phases[i].phase()},
                      {"message", ClippedText(phases[i].message(), kMaxPhaseMessageBytes)},
                      {"time", kube::FormatTime(FromTimestamp(phases[i].time()))}});
  }
  object_["status"]["phases"] = std::move(stored);
}

void Record::set_queued(kube::Time now) {
  SetState(v1::Operation::STATE_QUEUED, now, "Queued", "waits for its turn");
}

void Record::set_running(kube::Time now) {
  SetState(v1::Operation::STATE_RUNNING, now, "Running", "effects may exist");
  if (!effects_begun()) object_["status"]["startTime"] = kube::FormatTime(now);
}

void Record::set_undoing(const absl::Status& cause, kube::Time now, kube::Time deadline) {
  SetState(v1::Operation::STATE_UNDOING, now, "Undoing", "takes its effects back");
  object_["status"]["undo"] = {{"error", Encode(cause)}, {"deadline", kube::FormatTime(deadline)}};
}

void Record::set_ended(const Outcome& outcome, std::int64_t last_sequence, kube::Time now) {
  Json& status = object_["status"];
  if (outcome.ok() && outcome->ByteSizeLong() > kMaxResultBytes) {
    set_ended(Error(absl::StatusCode::kInternal, Reason::ERROR_REASON_INTERNAL,
                    "the operation succeeded, but its result is too large to be recorded"),
              last_sequence, now);
    return;
  }
  status["endTime"] = kube::FormatTime(now);
  status["sequenceReserved"] = last_sequence;
  if (outcome.ok()) {
    status["result"] = absl::Base64Escape(outcome->SerializeAsString());
    SetState(v1::Operation::STATE_SUCCEEDED, now, "Succeeded", "");
    return;
  }
  const bool cancelled = outcome.status().code() == absl::StatusCode::kCancelled;
  const Reason reason = ReasonOf(WithNaturalReason(outcome.status()));
  const std::string message =
      ClippedText(std::string(outcome.status().message()), kMaxConditionMessageBytes);
  status["error"] = Encode(outcome.status());
  status["reason"] = ReasonName(reason);
  SetState(cancelled ? v1::Operation::STATE_CANCELLED : v1::Operation::STATE_FAILED, now,
           ConditionReason(reason), message);
}

void Record::SetState(State state, kube::Time now, std::string_view reason,
                      std::string_view message) {
  object_["status"]["state"] = NameOf(state);
  const auto set = [&](const char* type, bool holds) {
    kube::SetCondition(
        object_,
        {.type = type,
         .status = holds ? kube::ConditionStatus::kTrue : kube::ConditionStatus::kFalse,
         .reason = std::string(reason),
         .message = std::string(message),
         .observed_generation = kube::Generation(object_)},
        now);
  };
  set("Running", state == v1::Operation::STATE_RUNNING || state == v1::Operation::STATE_UNDOING);
  if (!IsTerminal(state)) return;
  set("Complete", state == v1::Operation::STATE_SUCCEEDED);
  set("Failed", state != v1::Operation::STATE_SUCCEEDED);
}

absl::Status InterruptedWithoutEffect(std::string_view why) {
  return Error(absl::StatusCode::kAborted, Reason::ERROR_REASON_INTERRUPTED,
               std::string(why) + "; nothing was changed, repeat the call with another request_id")
      .WithMetadata("effect", "none");
}

absl::Status CancelledWithoutEffect() {
  return Error(absl::StatusCode::kCancelled, Reason::ERROR_REASON_CANCELLED,
               "the operation was cancelled before it changed anything")
      .WithMetadata("effect", "none");
}

}  // namespace berth::operation

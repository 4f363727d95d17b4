#include "common/status/status.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include <cctype>

#include "absl/strings/cord.h"
#include "common/text/utf8.h"
#include "google/rpc/error_details.pb.h"

namespace berth {
namespace {

using google::rpc::BadRequest;
using google::rpc::ErrorInfo;
using google::rpc::PreconditionFailure;
using google::rpc::RetryInfo;

constexpr std::string_view kReasonPrefix = "ERROR_REASON_";

template <typename Detail>
std::string TypeUrl() {
  return "type.googleapis.com/" + Detail::descriptor()->full_name();
}

template <typename Detail>
std::optional<Detail> DetailOf(const absl::Status& status) {
  const auto payload = status.GetPayload(TypeUrl<Detail>());
  Detail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return detail;
}

template <typename Detail>
void SetDetail(absl::Status& status, const Detail& detail) {
  status.SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
}

Reason NaturalReason(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
      return Reason::ERROR_REASON_CALLER_GONE;
    case absl::StatusCode::kUnimplemented:
      return Reason::ERROR_REASON_NOT_IMPLEMENTED;
    case absl::StatusCode::kUnavailable:
      return Reason::ERROR_REASON_SERVICE_UNAVAILABLE;
    default:
      return Reason::ERROR_REASON_INTERNAL;
  }
}

absl::Status WithInfo(absl::Status status, Reason reason) {
  ErrorInfo info;
  info.set_reason(ReasonName(reason));
  info.set_domain(std::string(kErrorDomain));
  SetDetail(status, info);
  return status;
}

absl::Status ViolationsStatus(const std::vector<FieldViolation>& violations) {
  std::string message;
  for (const FieldViolation& violation : violations) {
    message += fmt::format("{}{}: {}", message.empty() ? "" : "; ", violation.field,
                           violation.description);
  }
  Error error(absl::StatusCode::kInvalidArgument, Reason::ERROR_REASON_INVALID_FIELD, message);
  for (const FieldViolation& violation : violations) {
    error = std::move(error).WithFieldViolation(violation.field, violation.description);
  }
  return error;
}

}  // namespace

Error::Error(absl::StatusCode code, Reason reason, std::string_view message)
    : status_(WithInfo(absl::Status(code, ToUtf8(message)), reason)) {}

Error Error::WithMetadata(std::string_view key, std::string_view value) && {
  status_ = berth::WithMetadata(status_, key, value);
  return std::move(*this);
}

Error Error::WithFieldViolation(std::string_view field, std::string_view description) && {
  BadRequest detail = DetailOf<BadRequest>(status_).value_or(BadRequest());
  BadRequest::FieldViolation& violation = *detail.add_field_violations();
  violation.set_field(ToUtf8(field));
  violation.set_description(ToUtf8(description));
  SetDetail(status_, detail);
  return std::move(*this);
}

Error Error::WithPrecondition(std::string_view type, std::string_view subject,
                              std::string_view description) && {
  PreconditionFailure detail =
      DetailOf<PreconditionFailure>(status_).value_or(PreconditionFailure());
  PreconditionFailure::Violation& violation = *detail.add_violations();
  violation.set_type(ToUtf8(type));
  violation.set_subject(ToUtf8(subject));
  violation.set_description(ToUtf8(description));
  SetDetail(status_, detail);
  return std::move(*this);
}

Error Error::WithRetryAfter(std::chrono::milliseconds delay) && {
  RetryInfo detail;
  *detail.mutable_retry_delay() =
      google::protobuf::util::TimeUtil::MillisecondsToDuration(delay.count());
  SetDetail(status_, detail);
  return std::move(*this);
}

absl::Status InvalidField(std::string_view field, std::string_view description) {
  return ViolationsStatus({{std::string(field), std::string(description)}});
}

void FieldViolations::Add(std::string_view field, std::string_view description) {
  violations_.push_back({std::string(field), std::string(description)});
}

void FieldViolations::AddAll(std::string_view prefix, const absl::Status& status) {
  if (status.ok()) {
    return;
  }
  const std::vector<FieldViolation> inner = FieldViolationsOf(status);
  if (inner.empty()) {
    Add(prefix, std::string(status.message()));
  }
  for (const FieldViolation& violation : inner) {
    const bool dotted = !prefix.empty() && !violation.field.empty();
    Add(fmt::format("{}{}{}", prefix, dotted ? "." : "", violation.field), violation.description);
  }
}

absl::Status FieldViolations::ToStatus() const {
  return ok() ? absl::OkStatus() : ViolationsStatus(violations_);
}

Reason ReasonOf(const absl::Status& status) {
  const std::optional<ErrorInfo> info = DetailOf<ErrorInfo>(status);
  if (!info.has_value() || info->domain() != kErrorDomain) {
    return Reason::ERROR_REASON_UNSPECIFIED;
  }
  return ReasonFromName(info->reason()).value_or(Reason::ERROR_REASON_UNSPECIFIED);
}

std::optional<std::string> MetadataOf(const absl::Status& status, std::string_view key) {
  const std::optional<ErrorInfo> info = DetailOf<ErrorInfo>(status);
  if (!info.has_value()) {
    return std::nullopt;
  }
  const auto entry = info->metadata().find(std::string(key));
  if (entry == info->metadata().end()) {
    return std::nullopt;
  }
  return entry->second;
}

std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status) {
  std::vector<FieldViolation> violations;
  if (const std::optional<BadRequest> detail = DetailOf<BadRequest>(status); detail.has_value()) {
    for (const BadRequest::FieldViolation& violation : detail->field_violations()) {
      violations.push_back({violation.field(), violation.description()});
    }
  }
  return violations;
}

std::optional<std::chrono::milliseconds> RetryAfterOf(const absl::Status& status) {
  const std::optional<RetryInfo> detail = DetailOf<RetryInfo>(status);
  if (!detail.has_value()) {
    return std::nullopt;
  }
  return std::chrono::milliseconds(
      google::protobuf::util::TimeUtil::DurationToMilliseconds(detail->retry_delay()));
}

absl::Status WithContext(const absl::Status& status, std::string_view context) {
  if (status.ok()) {
    return status;
  }
  absl::Status result(status.code(),
                      fmt::format("{}: {}", ToUtf8(context), std::string(status.message())));
  status.ForEachPayload([&](const auto& type_url, const absl::Cord& payload) {
    result.SetPayload(type_url, payload);
  });
  return result;
}

absl::Status WithMetadata(const absl::Status& status, std::string_view key,
                          std::string_view value) {
  std::optional<ErrorInfo> info = DetailOf<ErrorInfo>(status);
  if (!info.has_value()) {
    return status;
  }
  (*info->mutable_metadata())[ToUtf8(key)] = ToUtf8(value);
  absl::Status result = status;
  SetDetail(result, *info);
  return result;
}

absl::Status WithNaturalReason(const absl::Status& status) {
  if (status.ok() || DetailOf<ErrorInfo>(status).has_value()) {
    return status;
  }
  return WithInfo(status, NaturalReason(status.code()));
}

std::string Describe(const absl::Status& status) {
  if (status.ok()) {
    return "OK";
  }
  const Reason reason = ReasonOf(status);
  return fmt::format(
      "{}{}: {}", absl::StatusCodeToString(status.code()),
      reason == Reason::ERROR_REASON_UNSPECIFIED ? "" : fmt::format(" ({})", ReasonName(reason)),
      std::string(status.message()));
}

std::string ReasonName(Reason reason) {
  return operation::v1::ErrorReason_Name(reason).substr(kReasonPrefix.size());
}

std::string ConditionReason(Reason reason) {
  std::string condition;
  bool upper = true;
  for (const char letter : ReasonName(reason)) {
    if (letter == '_') {
      upper = true;
      continue;
    }
    condition += upper ? letter : static_cast<char>(std::tolower(letter));
    upper = false;
  }
  return condition;
}

std::optional<Reason> ReasonFromName(std::string_view name) {
  Reason reason;
  if (!operation::v1::ErrorReason_Parse(fmt::format("{}{}", kReasonPrefix, name), &reason)) {
    return std::nullopt;
  }
  return reason;
}

std::optional<Reason> ReasonFromCondition(std::string_view condition) {
  const google::protobuf::EnumDescriptor& reasons = *operation::v1::ErrorReason_descriptor();
  for (int i = 0; i < reasons.value_count(); ++i) {
    const auto reason = static_cast<Reason>(reasons.value(i)->number());
    if (ConditionReason(reason) == condition) {
      return reason;
    }
  }
  return std::nullopt;
}

}  // namespace berth

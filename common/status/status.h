#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

#include "berth/operation/v1/error_reason.pb.h"

/// Berth's errors: an absl::Status whose payloads are the google.rpc details that go over the wire.
/// Every error that Berth makes carries an ErrorInfo with a reason of the listed enum and the
/// domain "berth.dev".
namespace berth {

using Reason = berth::operation::v1::ErrorReason;

/// Domain of every ErrorInfo made here.
inline constexpr std::string_view kErrorDomain = "berth.dev";

/// Builds an error; converts to absl::Status, and so to any absl::StatusOr<T>:
///
///   return Error(absl::StatusCode::kNotFound, Reason::ERROR_REASON_POOL_NOT_FOUND, "no pool 'a'")
///       .WithMetadata("pool", "a");
///
/// `code` must not be kOk. The message says what happened, to which object, and what to do next.
/// Text that is not UTF-8 is replaced where it is invalid, so that the details can always be sent.
class [[nodiscard]] Error {
 public:
  Error(absl::StatusCode code, Reason reason, std::string_view message);

  /// Adds a fact for programs to ErrorInfo.metadata; the same key again replaces it.
  Error WithMetadata(std::string_view key, std::string_view value) &&;
  /// Adds a field at fault to BadRequest. `field` is its path in the request, such as
  /// "ports[0].port".
  Error WithFieldViolation(std::string_view field, std::string_view description) &&;
  /// Adds a violation to PreconditionFailure: what kind of condition, of which object, and how it
  /// fails.
  Error WithPrecondition(std::string_view type, std::string_view subject,
                         std::string_view description) &&;
  /// Sets RetryInfo: the call may be repeated after this delay.
  Error WithRetryAfter(std::chrono::milliseconds delay) &&;

  /// Implicit, so that `return Error(...)` works.
  operator absl::Status() const& { return status_; }
  operator absl::Status() && { return std::move(status_); }

 private:
  absl::Status status_;
};

/// A request field at fault.
struct FieldViolation {
  std::string field;
  std::string description;

  bool operator==(const FieldViolation&) const = default;
};

/// INVALID_ARGUMENT, INVALID_FIELD with one violation; the message is "field: description".
absl::Status InvalidField(std::string_view field, std::string_view description);

/// Collects every bad field of a request, so that one answer lists them all. Not thread-safe.
class FieldViolations {
 public:
  void Add(std::string_view field, std::string_view description);
  /// Takes over the violations of an INVALID_FIELD error, with `prefix` before their fields; any
  /// other error is taken as one violation of `prefix`. An OK status adds nothing.
  void AddAll(std::string_view prefix, const absl::Status& status);
  bool ok() const { return violations_.empty(); }
  /// OK without violations, else INVALID_ARGUMENT, INVALID_FIELD with all of them.
  absl::Status ToStatus() const;

 private:
  std::vector<FieldViolation> violations_;
};

/// The reason of an error; ERROR_REASON_UNSPECIFIED for OK and for errors that Berth did not make.
Reason ReasonOf(const absl::Status& status);
/// A value of ErrorInfo.metadata, if present.
std::optional<std::string> MetadataOf(const absl::Status& status, std::string_view key);
/// The fields at fault, in the order they were added.
std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status);
/// The delay of RetryInfo, if present.
std::optional<std::chrono::milliseconds> RetryAfterOf(const absl::Status& status);

/// The same error with "context: " before its message, details kept. OK stays OK.
absl::Status WithContext(const absl::Status& status, std::string_view context);
/// The same error with one more metadata entry. OK, and errors without ErrorInfo, stay as they are.
absl::Status WithMetadata(const absl::Status& status, std::string_view key, std::string_view value);
/// The same error, given an ErrorInfo if it has none: CALLER_GONE for CANCELLED and
/// DEADLINE_EXCEEDED, NOT_IMPLEMENTED for UNIMPLEMENTED, SERVICE_UNAVAILABLE for UNAVAILABLE, else
/// INTERNAL. OK stays OK.
absl::Status WithNaturalReason(const absl::Status& status);

/// One line for logs: "NOT_FOUND (POOL_NOT_FOUND): no pool 'a'"; "OK" for OK.
std::string Describe(const absl::Status& status);

/// "POOL_NOT_FOUND": the enum's name without its prefix, as ErrorInfo carries it.
std::string ReasonName(Reason reason);
/// "PoolNotFound": the twin used in conditions of stored objects.
std::string ConditionReason(Reason reason);
/// The reason of a name, of either form; nothing for names that are not in the enum.
std::optional<Reason> ReasonFromName(std::string_view name);
std::optional<Reason> ReasonFromCondition(std::string_view condition);

}  // namespace berth

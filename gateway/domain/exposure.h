#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/pool/address.h"
#include "gateway/domain/exposure_spec.h"
#include "gateway/domain/names.h"

namespace berth::gateway {

using Time = std::chrono::sys_seconds;

/// What the loop says about an exposure, in the order in which it comes true.
enum class ConditionType {
  /// The target is one Service that has the ports.
  kResolved,
  /// Every entry has a claim.
  kClaimed,
  /// Every claim has its rule stored.
  kAccepted,
  /// Every rule is on the load balancer and answers.
  kProgrammed,
  /// All of the above.
  kReady,
  /// The loop is at work and expects to get there by itself.
  kReconciling,
  /// Nothing will change until somebody changes something: the spec, the target, the pool.
  kStalled,
};

enum class Truth { kTrue, kFalse, kUnknown };

/// One condition of an exposure's status.
struct Condition {
  Truth status = Truth::kUnknown;
  /// CamelCase, never empty.
  std::string reason;
  std::string message;
  /// Of the spec that it speaks of.
  std::int64_t observed_generation = 0;

  friend bool operator==(const Condition&, const Condition&) = default;
};

using Conditions = std::map<ConditionType, Condition>;

using pool::Address;

/// A port as it answers.
struct ExposedPort {
  EntryName name;
  Protocol protocol = Protocol::kTcp;
  Port port;
  /// Name of its claim and of its rule.
  std::string claim;

  friend bool operator==(const ExposedPort&, const ExposedPort&) = default;
};

struct ExposureStatus {
  std::int64_t observed_generation = 0;
  /// When it became ready for the first time; from then on no operation takes it back.
  std::optional<Time> ready_since;
  /// The Service that the target was resolved to; empty before.
  std::string service;
  std::vector<Address> addresses;
  /// Ordered by name.
  std::vector<ExposedPort> ports;
  Conditions conditions;

  friend bool operator==(const ExposureStatus&, const ExposureStatus&) = default;
};

/// An Exposure as it is stored.
struct Exposure {
  ExposureKey key;
  std::string uid;
  std::string resource_version;
  std::int64_t generation = 0;
  std::optional<Time> create_time;
  bool being_deleted = false;
  bool has_finalizer = false;
  /// The operation that created it and may still take it back; empty for none.
  std::string created_by;
  /// The release that Deploy made it for; empty for none.
  std::string deployed_release;
  /// An error if somebody stored what the schema cannot refuse.
  absl::StatusOr<ExposureSpec> spec;
  ExposureStatus status;
};

/// The condition if it speaks of the exposure's present generation.
const Condition* CurrentCondition(const Exposure& exposure, ConditionType type);

/// Whether the condition is True for the exposure's present generation.
bool IsTrue(const Exposure& exposure, ConditionType type);

/// Whether `operation` made the exposure and may take it back: nobody changed or joined it, and it
/// never was ready.
bool MayBeTakenBackBy(const Exposure& exposure, const std::string& operation);

/// Whether the exposure belongs to a release: made for it by Deploy, or naming it as its target.
bool BelongsTo(const Exposure& exposure, const ReleaseName& release);

}  // namespace berth::gateway

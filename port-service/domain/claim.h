#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/kube/time.h"
#include "common/pool/claim_name.h"
#include "common/pool/exposure_ref.h"
#include "port-service/domain/labels.h"
#include "port-service/domain/names.h"

namespace berth::port {

/// Where a claim stands: RESERVED → BOUND → RELEASING → QUARANTINED → gone, or RESERVED →
/// QUARANTINED → gone. Out of quarantine the port may go back to its owner: QUARANTINED → RESERVED.
enum class ClaimState {
  /// Handed out; goes back by itself unless it is bound.
  kReserved,
  /// A rule uses the port.
  kBound,
  /// The rule is being removed.
  kReleasing,
  /// Nobody's, and handed out to nobody yet.
  kQuarantined,
};

/// "RESERVED": as PortClaim spells it.
std::string_view ToString(ClaimState state);
std::optional<ClaimState> ParseClaimState(std::string_view text);

/// The right to one port of one pool and protocol, as stored.
struct Claim {
  pool::ClaimName name;
  std::string pool_uid;
  Owner owner;
  RequestId request_id;
  EntryName entry;
  /// Life while RESERVED.
  std::chrono::seconds ttl{};
  std::optional<pool::ExposureRef> exposure;
  /// As callers gave them, and whatever others added since.
  Labels labels;

  ClaimState state = ClaimState::kReserved;
  /// Set while RESERVED.
  std::optional<kube::Time> expire_time;
  /// Set from BOUND on: the rule that uses or used the port.
  std::optional<std::string> rule;
  bool ever_bound = false;
  /// A call that did not create the claim has answered with it, so that the one that did may no
  /// longer take it back.
  bool adopted = false;
  /// Both are set while QUARANTINED, but for claims that an earlier version put there: those have
  /// no beginning.
  std::optional<kube::Time> quarantine_begin;
  std::optional<kube::Time> quarantine_end;

  /// How often the port was handed out again, to the same owner, out of quarantine.
  std::int64_t incarnation = 0;

  /// Given by the store. A change is carried out only if both still hold. An incarnation has a uid
  /// of its own (pool::ClaimUid).
  std::string uid;
  std::string resource_version;
  /// Somebody asked for the object to be deleted: a wish, it stays until its port is free.
  bool deleting = false;
  /// Since when; set while `deleting`.
  std::optional<kube::Time> deletion_time;

  /// Whether it still serves who asked for it: RESERVED or BOUND, and not being deleted.
  bool alive() const {
    return !deleting && (state == ClaimState::kReserved || state == ClaimState::kBound);
  }
  /// Whether a caller other than the one that created it may know it.
  bool answered() const { return adopted || state != ClaimState::kReserved; }

  friend bool operator==(const Claim&, const Claim&) = default;
};

/// When a claim rests, in whole seconds.
struct Quarantine {
  kube::Time begin{};
  kube::Time end{};
};

/// From `now` on; rounded up to the second that Kubernetes stores.
Quarantine QuarantineFrom(kube::Time now, std::chrono::seconds duration);

/// Whether the store took `left` before `right`; both as they were created. Every replica decides
/// alike.
bool StoredBefore(const Claim& left, const Claim& right);

/// Of two claims for one thing, whether the left one counts: one that a caller may know already,
/// else the one that was stored first. An unanswered claim's resource version is that of its
/// creation, so every replica decides alike.
bool Precedes(const Claim& left, const Claim& right);

/// The transitions. Each answers the claim as it is to be stored; a claim that is there already is
/// answered unchanged. Errors: FAILED_PRECONDITION, CLAIM_WRONG_STATE where nothing else is said.

/// RESERVED → BOUND; BOUND to the same rule stays.
absl::StatusOr<Claim> Bound(const Claim& claim, const std::string& rule);
/// BOUND → RELEASING; RELEASING and QUARANTINED stay.
absl::StatusOr<Claim> Unbound(const Claim& claim);
/// RESERVED → RESERVED until `ttl` from `now`, or until its present end if that is later; refused
/// once it has expired. Who renews it knows the claim, so it counts as answered.
absl::StatusOr<Claim> Renewed(const Claim& claim, kube::Time now, std::chrono::seconds ttl);
/// RESERVED → QUARANTINED; RELEASING and QUARANTINED stay. CLAIM_BOUND for a bound one.
absl::StatusOr<Claim> Released(const Claim& claim, const Quarantine& quarantine);
/// RELEASING → QUARANTINED, once its rule was seen to be gone.
absl::StatusOr<Claim> Quarantined(const Claim& claim, const Quarantine& quarantine);

/// Whether a port that rests may go to whoever makes the claim `wanted`: its former owner, of the
/// same pool.
bool CanReturn(const Claim& resting, const Claim& wanted);
/// QUARANTINED → RESERVED for `wanted` (CanReturn): a new claim on the old port.
Claim Returned(const Claim& resting, const Claim& wanted);

/// `time` plus `duration`, rounded up to the second that Kubernetes stores.
kube::Time Later(kube::Time time, std::chrono::seconds duration);

}  // namespace berth::port

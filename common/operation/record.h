#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/kube/json.h"
#include "common/kube/time.h"
#include "common/operation/operation_watch.h"
#include "common/operation/spec.h"

#include "berth/operation/v1/operation.pb.h"

namespace berth::operation {

using State = v1::Operation::State;

/// Whether a state is an end.
bool IsTerminal(State state);

/// The replica that runs an operation.
struct Holder {
  /// Name of its liveness Lease; empty for no holder.
  std::string lease;
  std::string pod_name;
  std::string pod_uid;
  std::string address;

  friend bool operator==(const Holder&, const Holder&) = default;
};

/// What two requests with one request_id are compared by.
struct BodyDigest {
  /// HMAC-SHA-256 in hexadecimal; empty for a request that was never seen.
  std::string body;
  std::string key_id;
  std::string contract_version;
};

/// Limits of what a record stores, so that it stays within 16 KiB.
inline constexpr std::size_t kMaxPlanBytes = 3 << 10;
inline constexpr std::size_t kMaxResultBytes = 5 << 10;
inline constexpr std::size_t kMaxErrorBytes = 4 << 10;
inline constexpr std::size_t kMaxRecordedPhases = 24;
inline constexpr std::size_t kMaxPhaseMessageBytes = 120;

/// Sequence numbers that an operation may use before its record reserves any.
inline constexpr std::int64_t kFirstSequenceBlock = 1000;

/// The stored form of an operation: the custom resource Operation, read and changed in place so
/// that fields of later versions survive. No I/O; not thread safe.
class Record {
 public:
  /// A record as read from the API server.
  explicit Record(kube::Json object) : object_(std::move(object)) {}

  /// A record to be created. `service` is the one whose replicas may run it.
  static Record New(const std::string& kube_namespace, const std::string& service, const Spec& spec,
                    const BodyDigest& digest, const Holder& holder);

  /// A record to be created for a request that was cancelled before it came: without a holder,
  /// which makes it cancelled from the start.
  static Record NewCancelled(const std::string& kube_namespace, const std::string& service,
                             const Spec& spec);

  const kube::Json& json() const { return object_; }
  std::string name() const;
  std::string service() const;
  Spec spec() const;
  BodyDigest digest() const;
  Holder holder() const;
  State state() const;
  /// Whether the state was ever written; a new record is QUEUED without that.
  bool state_recorded() const;
  bool terminal() const { return IsTerminal(state()); }
  bool cancel_requested() const;
  /// An object; empty if none was recorded.
  kube::Json plan() const;
  /// Whether RUNNING was ever recorded: effects may exist.
  bool effects_begun() const;
  /// When it became durable; the epoch if that is not recorded.
  kube::Time create_time() const;
  std::optional<kube::Time> end_time() const;
  /// create_time plus the timeout, or the end of the undo once that began.
  kube::Time deadline() const;
  /// Why it is being undone; OK if it is not.
  absl::Status undo_cause() const;
  std::vector<v1::PhaseRecord> phases() const;
  /// Sequence numbers up to this one may have been used.
  std::int64_t sequence_reserved() const;
  /// How it ended; only of a terminal record.
  Outcome outcome() const;
  /// As the contract shows it.
  v1::Operation ToProto() const;

  void set_holder(const Holder& holder);
  void set_cancel_requested();
  void set_plan(const kube::Json& plan);
  void set_sequence_reserved(std::int64_t up_to);
  /// The newest kMaxRecordedPhases are kept, and the first.
  void set_phases(const std::vector<v1::PhaseRecord>& phases);
  /// State QUEUED, RUNNING.
  void set_queued(kube::Time now);
  void set_running(kube::Time now);
  /// State UNDOING until `deadline`.
  void set_undoing(const absl::Status& cause, kube::Time now, kube::Time deadline);
  /// The end: SUCCEEDED, CANCELLED for the code CANCELLED, else FAILED. A result above
  /// kMaxResultBytes makes it FAILED, INTERNAL.
  void set_ended(const Outcome& outcome, std::int64_t last_sequence, kube::Time now);

 private:
  void SetState(State state, kube::Time now, std::string_view reason, std::string_view message);

  kube::Json object_;
};

/// Why an operation ended as INTERRUPTED: safe to repeat.
absl::Status InterruptedWithoutEffect(std::string_view why);

/// Why an operation ended as cancelled before its first effect.
absl::Status CancelledWithoutEffect();

}  // namespace berth::operation

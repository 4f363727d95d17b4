#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "berth/operation/v1/operation.pb.h"

namespace berth::operation {

/// The numbered updates of one operation: the newest in full, of older ones the phases. Updates
/// show only once their numbers are reserved in the record, so that no successor uses a number that
/// was ever seen. Not thread safe.
class UpdateRing {
 public:
  struct Limits {
    std::size_t updates = 2000;
    std::size_t bytes = std::size_t{1} << 20;
  };

  /// A reader's place.
  struct Cursor {
    /// Sequence of the last update it got.
    std::int64_t after = 0;
    /// While it goes through the phases of lost updates: the first lost one.
    std::optional<std::int64_t> lost_from = std::nullopt;
  };

  /// Begins after sequence number `last`, where `phases` are what is known of the time before;
  /// numbers up to `reserved` may be shown.
  UpdateRing(std::int64_t last, std::int64_t reserved, std::vector<v1::PhaseRecord> phases);
  UpdateRing(std::int64_t last, std::int64_t reserved, std::vector<v1::PhaseRecord> phases,
             Limits limits);

  /// Numbers and keeps an update; returns its number.
  std::int64_t Append(v1::OperationUpdate update);

  /// Says that numbers up to `up_to` are recorded as reserved.
  void Reserve(std::int64_t up_to);

  /// What should be reserved next, once half of a block is used up.
  std::optional<std::int64_t> wanted_reservation() const;

  /// Moves the cursor to the next update that may be shown and returns it. A gap is told as the
  /// recorded phases within it, then updates_lost.
  std::optional<v1::OperationUpdate> Next(Cursor& cursor) const;

  /// The last number given out.
  std::int64_t last() const { return first_ + static_cast<std::int64_t>(updates_.size()) - 1; }

  /// All phases so far, as to be recorded.
  const std::vector<v1::PhaseRecord>& phases() const { return phases_; }

 private:
  std::optional<v1::OperationUpdate> NextOfGap(Cursor& cursor) const;

  const Limits limits_;
  std::vector<v1::PhaseRecord> phases_;
  /// Number of updates_.front(), or of the next one if it is empty.
  std::int64_t first_;
  std::int64_t reserved_;
  std::deque<v1::OperationUpdate> updates_;
  std::size_t bytes_ = 0;
};

}  // namespace berth::operation

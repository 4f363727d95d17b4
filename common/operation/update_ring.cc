#include "common/operation/update_ring.h"

#include <algorithm>
#include <utility>

#include "common/operation/record.h"

namespace berth::operation {
namespace {

constexpr std::int64_t kSequenceBlock = kFirstSequenceBlock;

v1::OperationUpdate ToUpdate(const v1::PhaseRecord& phase) {
  v1::OperationUpdate update;
  update.set_sequence(phase.sequence());
  *update.mutable_time() = phase.time();
  update.mutable_phase()->set_phase(phase.phase());
  update.mutable_phase()->set_message(phase.message());
  return update;
}

}  // namespace

UpdateRing::UpdateRing(std::int64_t last, std::int64_t reserved,
                       std::vector<v1::PhaseRecord> phases)
    : UpdateRing(last, reserved, std::move(phases), Limits()) {}

UpdateRing::UpdateRing(std::int64_t last, std::int64_t reserved,
                       std::vector<v1::PhaseRecord> phases, Limits limits)
    : limits_(limits), phases_(std::move(phases)), first_(last + 1), reserved_(reserved) {}

std::int64_t UpdateRing::Append(v1::OperationUpdate update) {
  const std::int64_t sequence = last() + 1;
  update.set_sequence(sequence);
  if (update.has_phase()) {
    v1::PhaseRecord& phase = phases_.emplace_back();
    phase.set_sequence(sequence);
    phase.set_phase(update.phase().phase());
    phase.set_message(update.phase().message());
    *phase.mutable_time() = update.time();
    // As many as a record keeps, by the same rule: the first one and the newest.
    if (phases_.size() > kMaxRecordedPhases) phases_.erase(phases_.begin() + 1);
  }
  bytes_ += update.ByteSizeLong();
  updates_.push_back(std::move(update));
  while (updates_.size() > limits_.updates || (bytes_ > limits_.bytes && updates_.size() > 1)) {
    bytes_ -= updates_.front().ByteSizeLong();
    updates_.pop_front();
    ++first_;
  }
  return sequence;
}

void UpdateRing::Reserve(std::int64_t up_to) { reserved_ = std::max(reserved_, up_to); }

std::optional<std::int64_t> UpdateRing::wanted_reservation() const {
  if (last() + kSequenceBlock / 2 <= reserved_) return std::nullopt;
  return last() + kSequenceBlock;
}

std::optional<v1::OperationUpdate> UpdateRing::Next(Cursor& cursor) const {
  if (cursor.lost_from || cursor.after + 1 < first_) return NextOfGap(cursor);
  const std::int64_t next = cursor.after + 1;
  if (next > last() || next > reserved_) return std::nullopt;
  cursor.after = next;
  return updates_[static_cast<std::size_t>(next - first_)];
}

std::optional<v1::OperationUpdate> UpdateRing::NextOfGap(Cursor& cursor) const {
  const std::int64_t gap_end = std::min(first_ - 1, reserved_);
  for (const v1::PhaseRecord& phase : phases_) {
    if (phase.sequence() <= cursor.after || phase.sequence() > gap_end) continue;
    // Phases without a hole between them lose nothing.
    if (!cursor.lost_from && phase.sequence() > cursor.after + 1) {
      cursor.lost_from = cursor.after + 1;
    }
    cursor.after = phase.sequence();
    return ToUpdate(phase);
  }
  if (!cursor.lost_from && cursor.after >= gap_end) return std::nullopt;
  v1::OperationUpdate update;
  update.set_sequence(gap_end);
  update.mutable_updates_lost()->set_from(cursor.lost_from.value_or(cursor.after + 1));
  update.mutable_updates_lost()->set_to(gap_end);
  cursor = {.after = gap_end};
  return update;
}

}  // namespace berth::operation

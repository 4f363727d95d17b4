#include "common/operation/progress_feed.h"

#include <utility>

#include "common/operation/clipped_text.h"
#include "common/operation/proto_time.h"

namespace berth::operation {
namespace {

constexpr std::chrono::seconds kRecordWithin(1);
constexpr std::size_t kMaxLineBytes = 8 << 10;
constexpr std::size_t kMaxNameBytes = 63;
constexpr std::size_t kMaxMessageBytes = 1 << 10;

}  // namespace

ProgressFeed::ProgressFeed(Options options, UpdateRing ring)
    : options_(std::move(options)), ring_(std::move(ring)) {}

void ProgressFeed::Phase(std::string_view phase, std::string_view message) {
  v1::OperationUpdate update;
  update.mutable_phase()->set_phase(ClippedText(phase, kMaxNameBytes));
  update.mutable_phase()->set_message(ClippedText(message, kMaxMessageBytes));
  {
    MutexLock lock(mutex_);
    if (phase_ == phase && phase_message_ == message) return;
    phase_ = phase;
    phase_message_ = message;
  }
  Append(std::move(update));
  options_.wake(kRecordWithin);
}

void ProgressFeed::Line(std::string_view source, v1::OutputLine::Stream stream,
                        std::string_view text) {
  v1::OperationUpdate update;
  update.mutable_line()->set_source(ClippedText(source, kMaxNameBytes));
  update.mutable_line()->set_stream(stream);
  update.mutable_line()->set_text(ClippedText(text, kMaxLineBytes));
  Append(std::move(update));
}

void ProgressFeed::Publish(v1::OperationUpdate update) {
  ClipTexts(update, kMaxLineBytes);
  Append(std::move(update));
}

void ProgressFeed::Wake() {
  {
    MutexLock lock(mutex_);
    if (last_event_) return;
  }
  options_.wake(std::chrono::milliseconds(0));
}

void ProgressFeed::Queued(int position, const std::string& blocked_by) {
  {
    MutexLock lock(mutex_);
    if (position_ == position && blocked_by_ == blocked_by) return;
    position_ = position;
    blocked_by_ = blocked_by;
  }
  v1::OperationUpdate update;
  update.mutable_queued()->set_position(position);
  update.mutable_queued()->set_blocked_by(blocked_by);
  Append(std::move(update));
}

ProgressFeed::Snapshot ProgressFeed::TakeSnapshot() const {
  MutexLock lock(mutex_);
  return {.phases = ring_.phases(),
          .last_sequence = ring_.last(),
          .wanted_reservation = ring_.wanted_reservation(),
          .revision = revision_};
}

void ProgressFeed::Reserve(std::int64_t up_to) {
  std::vector<std::shared_ptr<ReadyFunction>> readers;
  {
    MutexLock lock(mutex_);
    ring_.Reserve(up_to);
    readers = LiveReaders();
  }
  Notify(readers);
}

void ProgressFeed::End(WatchEvent last) {
  std::vector<std::shared_ptr<ReadyFunction>> readers;
  {
    MutexLock lock(mutex_);
    if (last_event_) return;
    // The record of the end names the last number used.
    if (std::holds_alternative<Ended>(last)) ring_.Reserve(ring_.last());
    last_event_ = std::move(last);
    readers = LiveReaders();
  }
  Notify(readers);
}

std::optional<WatchEvent> ProgressFeed::Next(UpdateRing::Cursor& cursor) const {
  MutexLock lock(mutex_);
  if (std::optional<v1::OperationUpdate> update = ring_.Next(cursor)) return *std::move(update);
  return last_event_;
}

std::shared_ptr<void> ProgressFeed::AddReader(ReadyFunction ready) {
  auto reader = std::make_shared<ReadyFunction>(std::move(ready));
  MutexLock lock(mutex_);
  readers_.push_back(reader);
  return reader;
}

void ProgressFeed::Append(v1::OperationUpdate update) {
  update.set_operation(options_.operation);
  *update.mutable_time() = ToTimestamp(options_.now());
  std::vector<std::shared_ptr<ReadyFunction>> readers;
  bool stalled = false;
  {
    MutexLock lock(mutex_);
    if (last_event_) return;
    if (update.has_phase()) ++revision_;
    const bool wanted_before = ring_.wanted_reservation().has_value();
    ring_.Append(std::move(update));
    stalled = !wanted_before && ring_.wanted_reservation().has_value();
    readers = LiveReaders();
  }
  Notify(readers);
  if (stalled) options_.wake(std::chrono::milliseconds(0));  // to have numbers reserved
}

std::vector<std::shared_ptr<ProgressFeed::ReadyFunction>> ProgressFeed::LiveReaders() {
  std::vector<std::shared_ptr<ReadyFunction>> live;
  for (auto reader = readers_.begin(); reader != readers_.end();) {
    if (std::shared_ptr<ReadyFunction> ready = reader->lock()) {
      live.push_back(std::move(ready));
      ++reader;
    } else {
      reader = readers_.erase(reader);
    }
  }
  return live;
}

void ProgressFeed::Notify(const std::vector<std::shared_ptr<ReadyFunction>>& readers) {
  for (const std::shared_ptr<ReadyFunction>& ready : readers) (*ready)();
}

}  // namespace berth::operation

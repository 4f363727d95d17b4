#include "common/operation/following_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "common/status/macros.h"
#include "common/status/status.h"

namespace berth::operation {
namespace {

// While an operation is nowhere: between its holder's death and the takeover, or just being begun.
constexpr std::chrono::milliseconds kLookAgainAfter(500);

}  // namespace

FollowingWatch::FollowingWatch(Surroundings surroundings, Options options)
    : surroundings_(std::move(surroundings)),
      options_(std::move(options)),
      cursor_{.after = std::max<std::int64_t>(options_.after_sequence, 0)} {}

absl::Status FollowingWatch::Begin() {
  if (std::shared_ptr<ProgressFeed> feed = surroundings_.find_feed(options_.operation)) {
    UseFeed(std::move(feed));
    return absl::OkStatus();
  }
  return ResolveFromRecord();
}

std::optional<WatchEvent> FollowingWatch::Poll() {
  std::optional<WatchEvent> event;
  Source dropped;
  {
    MutexLock lock(mutex_);
    if (over_) return std::nullopt;
    if (broken_) {
      over_ = true;
      return Broken{*broken_};
    }
    while (!event) {
      if (source_.feed) {
        event = source_.feed->Next(cursor_);
      } else if (source_.forwarded) {
        event = source_.forwarded->Poll();
      }
      if (!event) return std::nullopt;
      const auto* update = std::get_if<v1::OperationUpdate>(&*event);
      if (update == nullptr) break;
      // This replica's own stream sends keep-alives.
      if (update->has_keep_alive())
        event.reset();
      else
        cursor_.after = std::max(cursor_.after, update->sequence());
    }
    if (std::holds_alternative<Ended>(*event)) over_ = true;
    if (std::holds_alternative<Broken>(*event)) {
      std::swap(dropped, source_);
      event.reset();
    }
  }
  if (!event) ResolveLater();
  return event;
}

void FollowingWatch::RecordChanged() {
  {
    MutexLock lock(mutex_);
    if (over_ || source_.feed || resolve_posted_) return;
    resolve_posted_ = true;
  }
  surroundings_.executor.Post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Resolve();
  });
}

void FollowingWatch::ResolveLater() {
  {
    MutexLock lock(mutex_);
    if (over_ || resolve_posted_) return;
    resolve_posted_ = true;
  }
  surroundings_.executor.PostAfter(kLookAgainAfter, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Resolve();
  });
}

void FollowingWatch::Break(const absl::Status& why) {
  Source dropped;
  {
    MutexLock lock(mutex_);
    if (over_ || broken_) return;
    broken_ = why;
    std::swap(dropped, source_);
  }
  options_.ready();
}

void FollowingWatch::Detach() {
  Source dropped;
  MutexLock lock(mutex_);
  over_ = true;
  std::swap(dropped, source_);
}

void FollowingWatch::Resolve() {
  {
    MutexLock lock(mutex_);
    resolve_posted_ = false;
    if (over_ || broken_) return;
  }
  if (std::shared_ptr<ProgressFeed> feed = surroundings_.find_feed(options_.operation)) {
    UseFeed(std::move(feed));
    return;
  }
  const absl::Status resolved = ResolveFromRecord();
  if (resolved.ok()) return;
  if (absl::IsNotFound(resolved)) {
    Break(resolved);
  } else {
    ResolveLater();
  }
}

absl::Status FollowingWatch::ResolveFromRecord() {
  ASSIGN_OR_RETURN(const Record record, surroundings_.read_record(options_.operation));
  const Holder holder = record.holder();
  if (record.terminal()) {
    if (ReadsFrom(holder.address)) return absl::OkStatus();  // it brings the lines, and the end
    const std::int64_t last = record.sequence_reserved();
    auto replay = std::make_shared<ProgressFeed>(
        ProgressFeed::Options{.operation = record.name(), .wake = nullptr, .now = nullptr},
        UpdateRing(last, last, record.phases()));
    replay->End(Ended{record.outcome()});
    UseFeed(std::move(replay));
    return absl::OkStatus();
  }
  if (holder.lease == surroundings_.lease) {
    ResolveLater();
    return absl::OkStatus();
  }
  if (!options_.may_forward) {
    Break(Error(absl::StatusCode::kUnavailable, Reason::ERROR_REASON_NOT_READY,
                fmt::format("operation {} is not at this replica", record.name()))
              .WithRetryAfter(kLookAgainAfter));
    return absl::OkStatus();
  }
  Forward(holder.address);
  return absl::OkStatus();
}

void FollowingWatch::Forward(const std::string& address) {
  if (ReadsFrom(address)) return;
  std::int64_t after = 0;
  {
    MutexLock lock(mutex_);
    after = cursor_.after;
  }
  // The stream may call as long as it lives, which is perhaps longer than this watch.
  auto ready = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->options_.ready();
  };
  Replace({.forwarded = std::make_unique<ForwardedWatch>(surroundings_.peers, address,
                                                         options_.operation, after, ready),
           .address = address});
}

bool FollowingWatch::ReadsFrom(const std::string& address) const {
  MutexLock lock(mutex_);
  return source_.forwarded != nullptr && source_.address == address;
}

void FollowingWatch::UseFeed(std::shared_ptr<ProgressFeed> feed) {
  auto ready = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->options_.ready();
  };
  auto reader = feed->AddReader(std::move(ready));
  Source source{.feed = std::move(feed), .reader = std::move(reader)};
  Replace(std::move(source));
}

void FollowingWatch::Replace(Source source) {
  {
    MutexLock lock(mutex_);
    if (over_ || broken_) return;  // and `source` goes
    std::swap(source_, source);
  }
  options_.ready();
}

}  // namespace berth::operation

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "common/kube/client.h"
#include "common/kube/error_response.h"
#include "common/kube/object.h"
#include "common/kube/stream_head.h"
#include "common/status/macros.h"

namespace berth::kube {
namespace {

std::optional<WatchEventType> EventType(const std::string& text) {
  if (text == "ADDED") return WatchEventType::kAdded;
  if (text == "MODIFIED") return WatchEventType::kModified;
  if (text == "DELETED") return WatchEventType::kDeleted;
  if (text == "BOOKMARK") return WatchEventType::kBookmark;
  return std::nullopt;
}

}  // namespace

Watch::Watch(std::unique_ptr<HttpStream> stream, std::string what)
    : stream_(std::move(stream)), what_(std::move(what)) {}

absl::StatusOr<std::optional<WatchEvent>> Watch::Next(std::chrono::milliseconds idle) {
  RETURN_IF_ERROR(Begin(idle));
  while (true) {
    const auto end = buffer_.find('\n', scanned_);
    if (end != std::string::npos) {
      const std::string_view line = std::string_view(buffer_).substr(line_, end - line_);
      line_ = scanned_ = end + 1;
      if (line.empty()) continue;
      ASSIGN_OR_RETURN(WatchEvent event, ParseEvent(line));
      return event;
    }
    buffer_.erase(0, std::exchange(line_, 0));
    scanned_ = buffer_.size();
    auto bytes = stream_->Read(idle);
    if (!bytes.ok()) return ErrorFromFailure(bytes.status(), what_);
    if (!*bytes) return std::nullopt;
    buffer_ += **bytes;
  }
}

absl::Status Watch::Begin(std::chrono::milliseconds wait) {
  if (begun_) return absl::OkStatus();
  RETURN_IF_ERROR(AwaitAcceptance(*stream_, wait, what_));
  begun_ = true;
  return absl::OkStatus();
}

absl::StatusOr<WatchEvent> Watch::ParseEvent(std::string_view line) const {
  Json parsed = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  const std::string type = StringAt(parsed, {"type"});
  if (type == "ERROR") return ErrorFromStatusObject(At(parsed, {"object"}), what_);
  const std::optional<WatchEventType> known = EventType(type);
  if (!known || !At(parsed, {"object"}).is_object()) {
    return ErrorFromFailure(
        absl::UnavailableError(fmt::format("not a watch event: '{}'", line.substr(0, 80))), what_);
  }
  return WatchEvent{.type = *known, .object = std::move(parsed["object"])};
}

}  // namespace berth::kube

#include "helm-service/domain/unready_object.h"

#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "common/operation/clipped_text.h"
#include "common/status/status.h"

namespace berth::helm {
namespace {

constexpr std::size_t kMostInText = 3;
// All together fits into what is stored of an error.
constexpr std::size_t kMostViolations = 6;
constexpr std::size_t kMaxReasonBytes = 300;

// Whether the error may be an object's fault: any that is not ready if Helm waited in vain, only
// one that has failed if Helm just says that it did.
bool MayExplain(const UnreadyObject& object, Reason reason) {
  if (reason == Reason::ERROR_REASON_HELM_FAILED) {
    return object.readiness.state == ObjectState::kFailed;
  }
  return reason == Reason::ERROR_REASON_RELEASE_NOT_READY ||
         reason == Reason::ERROR_REASON_OPERATION_TIMEOUT;
}

std::string Why(const UnreadyObject& object) {
  std::string why = object.readiness.message;
  for (const std::string& warning : object.warnings) {
    if (!why.empty()) why += "; ";
    why += warning;
  }
  return operation::ClippedText(why, kMaxReasonBytes);
}

std::string Text(const std::vector<UnreadyObject>& objects) {
  std::string text = "not ready: ";
  for (std::size_t i = 0; i < objects.size() && i < kMostInText; ++i) {
    const std::string why = Why(objects[i]);
    text += fmt::format("{}{}{}", i == 0 ? "" : ", ", objects[i].object.ToString(),
                        why.empty() ? "" : fmt::format(" ({})", why));
  }
  if (objects.size() > kMostInText) {
    text += fmt::format(" and {} more", objects.size() - kMostInText);
  }
  return text;
}

}  // namespace

absl::Status NameUnready(const absl::Status& error, const std::vector<UnreadyObject>& unready) {
  const Reason reason = ReasonOf(error);
  std::vector<UnreadyObject> named;
  for (const UnreadyObject& object : unready) {
    if (MayExplain(object, reason)) named.push_back(object);
  }
  if (named.empty()) return error;
  // Long texts are cut at their end where they are stored: what helps most comes first.
  Error detailed(error.code(), reason,
                 fmt::format("{}. {}", Text(named), std::string(error.message())));
  for (std::size_t i = 0; i < named.size() && i < kMostViolations; ++i) {
    detailed = std::move(detailed).WithPrecondition("OBJECT_NOT_READY", named[i].object.ToString(),
                                                    Why(named[i]));
  }
  return detailed;
}

}  // namespace berth::helm

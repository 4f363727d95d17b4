#include "helm-service/domain/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "common/status/status.h"

namespace berth::helm {
namespace {

using absl::StatusCode;

// What Helm writes, in the order in which it is looked for, and what it means. Texts of Helm 3 and
// Helm 4 differ in places; each line here stands in the sources of one of them at least.
struct Pattern {
  std::string_view text;
  StatusCode code;
  Reason reason;
};

constexpr std::array kPatterns = {
    Pattern{"another operation (install/upgrade/rollback) is in progress", StatusCode::kAborted,
            Reason::ERROR_REASON_RELEASE_LOCKED},
    Pattern{"name that is still in use", StatusCode::kAlreadyExists,
            Reason::ERROR_REASON_RELEASE_EXISTS},
    Pattern{"has no deployed releases", StatusCode::kNotFound,
            Reason::ERROR_REASON_RELEASE_NOT_FOUND},
    Pattern{"release: not found", StatusCode::kNotFound, Reason::ERROR_REASON_RELEASE_NOT_FOUND},
    Pattern{"Release not loaded", StatusCode::kNotFound, Reason::ERROR_REASON_RELEASE_NOT_FOUND},
    Pattern{"cluster unreachable", StatusCode::kUnavailable,
            Reason::ERROR_REASON_KUBERNETES_UNAVAILABLE},
    Pattern{"is forbidden: User ", StatusCode::kPermissionDenied,
            Reason::ERROR_REASON_KUBERNETES_FORBIDDEN},
    Pattern{"because it is being terminated", StatusCode::kFailedPrecondition,
            Reason::ERROR_REASON_NAMESPACE_NOT_FOUND},
    Pattern{"context deadline exceeded", StatusCode::kFailedPrecondition,
            Reason::ERROR_REASON_RELEASE_NOT_READY},
    Pattern{"timed out waiting for the condition", StatusCode::kFailedPrecondition,
            Reason::ERROR_REASON_RELEASE_NOT_READY},
    Pattern{"resource not ready", StatusCode::kFailedPrecondition,
            Reason::ERROR_REASON_RELEASE_NOT_READY},
    Pattern{"cannot be imported into the current release", StatusCode::kFailedPrecondition,
            Reason::ERROR_REASON_HELM_FAILED},
};

// `namespaces "shop" not found`, whatever the namespace.
bool NamesAMissingNamespace(std::string_view text) {
  const std::size_t start = text.find("namespaces \"");
  return start != std::string_view::npos &&
         text.find("\" not found", start) != std::string_view::npos;
}

int RevisionOf(const std::optional<RevisionInfo>& info) {
  return info.has_value() ? info->revision : 0;
}

std::string Join(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) {
    if (!text.empty()) text += '\n';
    text += line;
  }
  return text;
}

// From Helm's "Error:" line on; everything if there is none. At most 2 KiB, the end of it.
std::string ErrorText(const std::vector<std::string>& lines) {
  constexpr std::size_t kLongest = 2048;
  const auto error = std::find_if(lines.begin(), lines.end(), [](const std::string& line) {
    return line.starts_with("Error: ");
  });
  std::string text =
      error == lines.end() ? Join(lines) : Join(std::vector<std::string>(error, lines.end()));
  if (text.starts_with("Error: ")) text.erase(0, 7);
  if (text.size() > kLongest) text = "…" + text.substr(text.size() - kLongest);
  return text;
}

std::string Describe(const ReleaseKey& key) {
  return fmt::format("release {}/{}", key.ns.value(), key.name.value());
}

Error NotFound(const ReleaseKey& key) {
  return Error(StatusCode::kNotFound, Reason::ERROR_REASON_RELEASE_NOT_FOUND,
               Describe(key) + " does not exist");
}

}  // namespace

bool HasNothingToUninstall(const Action& action, const std::optional<RevisionInfo>& newest) {
  const auto* uninstall = std::get_if<Uninstall>(&action.what);
  if (uninstall == nullptr) return false;
  return !newest.has_value() ||
         (uninstall->keep_history && newest->status == ReleaseStatus::kUninstalled);
}

absl::Status CheckPreconditions(const Action& action, const std::optional<RevisionInfo>& newest) {
  const bool installs = std::holds_alternative<Install>(action.what);
  const auto* upgrade = std::get_if<Upgrade>(&action.what);
  const auto* uninstall = std::get_if<Uninstall>(&action.what);
  if (HasNothingToUninstall(action, newest) && uninstall->allow_missing) return absl::OkStatus();
  if (action.expected_revision != 0 && RevisionOf(newest) != action.expected_revision) {
    return Error(
               StatusCode::kFailedPrecondition, Reason::ERROR_REASON_REVISION_MISMATCH,
               fmt::format("{} is at revision {}, not at the expected {}", Describe(action.release),
                           RevisionOf(newest), action.expected_revision))
        .WithMetadata("revision", std::to_string(RevisionOf(newest)));
  }
  if (HasNothingToUninstall(action, newest)) return NotFound(action.release);
  if (!newest.has_value()) {
    const bool fine = installs || (upgrade != nullptr && upgrade->install);
    return fine ? absl::OkStatus() : absl::Status(NotFound(action.release));
  }
  if (installs) {
    return Error(
               StatusCode::kAlreadyExists, Reason::ERROR_REASON_RELEASE_EXISTS,
               fmt::format("{} exists already, at revision {}: upgrade it, or choose another name",
                           Describe(action.release), newest->revision))
        .WithMetadata("revision", std::to_string(newest->revision));
  }
  const bool needs_installed = IsTest(action) || (upgrade != nullptr && !upgrade->install);
  if (needs_installed && newest->status == ReleaseStatus::kUninstalled) {
    return Error(
        StatusCode::kNotFound, Reason::ERROR_REASON_RELEASE_NOT_FOUND,
        fmt::format("{} is uninstalled with its history kept: upgrade it with `install`, or "
                    "roll it back",
                    Describe(action.release)));
  }
  if (upgrade != nullptr && IsLocked(newest->status)) {
    return Error(StatusCode::kAborted, Reason::ERROR_REASON_RELEASE_LOCKED,
                 fmt::format("{} is {} at revision {} by somebody outside of Berth: wait for them, "
                             "or unlock it if they are gone",
                             Describe(action.release), ToString(newest->status), newest->revision));
  }
  return absl::OkStatus();
}

absl::Status ExplainFailure(const Action& action, const FailedHelm& failed) {
  const std::string text = ErrorText(failed.error_lines);
  if (failed.exit.signal.has_value()) {
    return Error(StatusCode::kFailedPrecondition, Reason::ERROR_REASON_HELM_FAILED,
                 fmt::format("Helm was killed by signal {} while it worked on {}",
                             *failed.exit.signal, Describe(action.release)));
  }
  for (const Pattern& pattern : kPatterns) {
    if (text.find(pattern.text) == std::string::npos) continue;
    return Error(pattern.code, pattern.reason, text);
  }
  if (NamesAMissingNamespace(text)) {
    return Error(StatusCode::kFailedPrecondition, Reason::ERROR_REASON_NAMESPACE_NOT_FOUND, text);
  }
  // Helm fetches and renders a chart before it stores the new revision; an install that was taken
  // back has none either.
  const bool from_chart = ReadsChart(action) &&
                          RevisionOf(failed.after) == RevisionOf(failed.before) &&
                          text.find("has been uninstalled due to") == std::string::npos;
  return Error(StatusCode::kFailedPrecondition,
               from_chart ? Reason::ERROR_REASON_CHART_INVALID : Reason::ERROR_REASON_HELM_FAILED,
               text.empty() ? "Helm failed without a word" : text);
}

}  // namespace berth::helm

#include "helm-service/domain/source_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/source_url.h"

namespace berth::helm {
namespace {

absl::Status NotAllowed(const std::string& why) {
  return Error(absl::StatusCode::kPermissionDenied, Reason::ERROR_REASON_CHART_SOURCE_NOT_ALLOWED,
               why);
}

// What is compared: origin and path.
std::string Place(const SourceUrl& url) { return url.origin() + url.path(); }

}  // namespace

absl::StatusOr<SourcePolicy> SourcePolicy::Create(const Options& options) {
  std::vector<std::string> prefixes;
  for (const std::string& source : options.allowed_sources) {
    const absl::StatusOr<SourceUrl> url = SourceUrl::Parse(source);
    if (!url.ok() || source.find('?') != std::string::npos) {
      return InvalidField("charts.allowed_sources",
                          fmt::format("\"{}\" is no URL of https://, http:// or oci://", source));
    }
    prefixes.push_back(Place(*url));
  }
  return SourcePolicy(options, std::move(prefixes));
}

absl::Status SourcePolicy::CheckUrl(std::string_view text) const {
  const absl::StatusOr<SourceUrl> url = SourceUrl::Parse(text);
  if (!url.ok()) return InvalidField("url", std::string(url.status().message()));
  if (url->scheme() == "http" && !allow_plain_http_) {
    return NotAllowed(
        fmt::format("http:// is not allowed, neither of {}: use https://", url->host()));
  }
  const std::string place = Place(*url);
  const bool listed =
      prefixes_.empty() ||
      std::any_of(prefixes_.begin(), prefixes_.end(), [&](const std::string& prefix) {
        return place.starts_with(prefix) &&
               (place.size() == prefix.size() || place[prefix.size()] == '/');
      });
  if (listed) return absl::OkStatus();
  return NotAllowed(fmt::format(
      "this source on {} is not among those that charts.allowed_sources lists", url->host()));
}

absl::Status SourcePolicy::CheckArchives() const {
  if (allow_archives_) return absl::OkStatus();
  return NotAllowed("charts may not be sent as archives here: name one of an allowed source");
}

}  // namespace berth::helm

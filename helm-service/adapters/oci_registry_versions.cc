#include "helm-service/adapters/oci_registry_versions.h"

#include <algorithm>
#include <string_view>

#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/oci_reference.h"

namespace berth::helm {

absl::StatusOr<std::vector<std::string>> OciRegistryVersions::List(const RegistryChart& chart) {
  const absl::StatusOr<OciReference> reference = OciReference::Parse(chart.reference);
  if (!reference.ok()) return InvalidField("chart", std::string(reference.status().message()));
  ASSIGN_OR_RETURN(
      std::vector<std::string> tags,
      client_.ListTags(*reference,
                       {.credentials = chart.credentials,
                        .credentials_for_redirects = chart.credentials_for_redirects,
                        .allow_plain_http = options_.allow_plain_http,
                        .may_fetch = [this](std::string_view url) { return policy_.CheckUrl(url); },
                        .deadline = std::chrono::steady_clock::now() + options_.timeout}));
  // A tag cannot hold a '+': Helm writes a '_' for it.
  for (std::string& tag : tags) std::replace(tag.begin(), tag.end(), '_', '+');
  return tags;
}

}  // namespace berth::helm

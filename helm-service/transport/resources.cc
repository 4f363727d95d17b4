#include "helm-service/transport/resources.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/grpc/page_token.h"
#include "common/kube/object.h"
#include "common/operation/proto_time.h"
#include "common/status/macros.h"
#include "common/status/status.h"
#include "helm-service/domain/manifest.h"
#include "helm-service/domain/object_ref.h"
#include "helm-service/domain/readiness.h"
#include "helm-service/domain/release_updates.h"
#include "helm-service/domain/side_by_side.h"
#include "helm-service/transport/request_mapping.h"

namespace berth::helm {
namespace {

// Objects of one page that are read at the same time.
constexpr std::size_t kReadsAtOnce = 8;

// Where a page begins: pages after the first stay with its revision.
struct Place {
  int revision = 0;
  std::size_t first = 0;

  std::string ToString() const { return fmt::format("{} {}", revision, first); }

  // Reads what ToString wrote; a token of ours holds nothing else.
  static Place Parse(std::string_view text) {
    Place place;
    const char* end = text.data() + text.size();
    const char* blank = std::from_chars(text.data(), end, place.revision).ptr;
    if (blank != end) std::from_chars(blank + 1, end, place.first);
    return place;
  }
};

absl::Status Unreadable(const ReleaseKey& key, int revision, const absl::Status& why) {
  return Error(absl::StatusCode::kDataLoss, Reason::ERROR_REASON_RELEASE_UNREADABLE,
               fmt::format("revision {} of release {}/{}: {}", revision, key.ns.value(),
                           key.name.value(), std::string(why.message())));
}

absl::StatusOr<int> ChooseRevision(ReleaseStore& releases, const ReleaseKey& key, int asked) {
  if (asked != 0) return asked;
  ASSIGN_OR_RETURN(const std::optional<RevisionInfo> newest, releases.Newest(key));
  if (!newest.has_value()) return NoSuchRelease(key);
  return newest->revision;
}

absl::StatusOr<std::vector<ManifestObject>> ReadObjects(ReleaseStore& releases,
                                                        const ReleaseKey& key, int revision) {
  const absl::StatusOr<ReleaseContent> content = releases.ReadContent(key, revision);
  if (absl::IsDataLoss(content.status())) return Unreadable(key, revision, content.status());
  RETURN_IF_ERROR(content.status());
  absl::StatusOr<std::vector<ManifestObject>> objects = SplitManifest(content->manifest);
  if (!objects.ok()) return Unreadable(key, revision, objects.status());
  // What cannot be read as an object has no name.
  std::erase_if(*objects, [](const ManifestObject& object) { return object.name.empty(); });
  return objects;
}

absl::StatusOr<v1::ReleaseResource> Describe(ClusterReader& cluster, const ObjectRef& ref) {
  ASSIGN_OR_RETURN(const LiveObject live, cluster.Read(ref));
  Readiness readiness;
  v1::ReleaseResource resource;
  if (live.object.has_value()) {
    readiness = ReadinessOf(*live.object);
    if (const auto created = kube::CreationTimestamp(*live.object)) {
      *resource.mutable_create_time() = operation::ToTimestamp(*created);
    }
  }
  *resource.mutable_status() = ToProto(live.ref, readiness);
  return resource;
}

}  // namespace

absl::StatusOr<v1::ListReleaseResourcesResponse> ListResources(
    ReleaseStore& releases, ClusterReader& cluster, operation::Executor& helpers,
    const v1::ListReleaseResourcesRequest& request) {
  ASSIGN_OR_RETURN(const ReleaseKey key, ToReleaseKey(request.namespace_(), request.name()));
  if (request.revision() < 0) return InvalidField("revision", "must not be negative");
  const std::string filter =
      fmt::format("{}/{}/{}", key.ns.value(), key.name.value(), request.revision());
  ASSIGN_OR_RETURN(const rpc::PageRequest page,
                   rpc::ParsePageRequest(request.page_size(), request.page_token(), filter));
  Place place = Place::Parse(page.after);
  if (page.after.empty()) {
    ASSIGN_OR_RETURN(place.revision, ChooseRevision(releases, key, request.revision()));
  }
  ASSIGN_OR_RETURN(const std::vector<ManifestObject> objects,
                   ReadObjects(releases, key, place.revision));
  const std::size_t end =
      std::min(place.first + static_cast<std::size_t>(page.size), objects.size());
  v1::ListReleaseResourcesResponse response;
  response.set_revision(place.revision);
  std::vector<absl::StatusOr<v1::ReleaseResource>> resources(end - std::min(place.first, end));
  RunSideBySide(helpers, resources.size(), kReadsAtOnce, [&](std::size_t number) {
    resources[number] = Describe(cluster, RefOf(objects[place.first + number], key.ns));
  });
  for (absl::StatusOr<v1::ReleaseResource>& resource : resources) {
    ASSIGN_OR_RETURN(*response.add_resources(), std::move(resource));
  }
  place.first = end;
  if (end < objects.size()) {
    response.set_next_page_token(rpc::NextPageToken(place.ToString(), filter));
  }
  return response;
}

}  // namespace berth::helm

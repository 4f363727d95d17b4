#include "helm-service/domain/release_follower.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/escaping.h"

namespace berth::helm {
namespace {

constexpr std::size_t kMostNamed = 20;

// Keys and texts of a Secret as a chart wrote it.
nlohmann::json TextsOfSecret(const nlohmann::json& secret) {
  nlohmann::json texts = nlohmann::json::object();
  const auto add = [&](const char* field, auto&& decode) {
    const auto entries = secret.find(field);
    if (entries == secret.end() || !entries->is_object()) return;
    for (const auto& [key, value] : entries->items()) {
      if (value.is_string()) texts[key] = decode(value.template get<std::string>());
    }
  };
  add("data", [](const std::string& value) {
    std::string text;
    return absl::Base64Unescape(value, &text) ? text : value;
  });
  add("stringData", [](const std::string& value) { return value; });
  return texts;
}

}  // namespace

ReleaseFollower::ReleaseFollower(ObservedAction action, ReleaseStore& releases,
                                 ClusterReader& cluster,
                                 std::shared_ptr<operation::Reporter> reporter,
                                 std::shared_ptr<Redactor> redactor)
    : action_(std::move(action)),
      releases_(releases),
      cluster_(cluster),
      redactor_(std::move(redactor)),
      updates_(std::move(reporter), redactor_),
      warnings_(cluster.FollowWarnings(action_.release.ns.value())),
      hooks_(action_.release.ns, action_.hook_events, action_.launched) {}

void ReleaseFollower::Look(TimePoint now) {
  if (!Refresh()) return warnings_.Collect();
  hooks_.Look(cluster_, updates_);
  if (!given_up_.has_value()) objects_->Look(now, cluster_, updates_);
  LookAtWarnings();
}

void ReleaseFollower::LookLast(TimePoint now, bool succeeded) {
  // After a success that Helm did not wait for, objects are on their way and nobody is asked.
  const bool matters = !succeeded || action_.waits;
  if (!matters && !hooks_.open()) return;
  if (!Refresh()) return;
  hooks_.Conclude(succeeded, cluster_, updates_);
  if (matters && !given_up_.has_value()) objects_->LookAtTheRest(now, cluster_, updates_);
  LookAtWarnings();
}

std::vector<UnreadyObject> ReleaseFollower::Unready() const {
  std::vector<UnreadyObject> unready = hooks_.Failed();
  for (UnreadyObject& hook : unready) hook.warnings = warnings_.Of(hook.object);
  std::vector<UnreadyObject> objects = given_up_.has_value() ? *given_up_ : UnreadyObjects();
  std::move(objects.begin(), objects.end(), std::back_inserter(unready));
  return unready;
}

bool ReleaseFollower::Refresh() {
  if (objects_.has_value() && !hooks_.open() && action_.goal != Goal::kReady) return true;
  const absl::StatusOr<std::optional<RevisionStamp>> stamp =
      releases_.Stamp(action_.release, action_.revision);
  if (!stamp.ok() || !stamp->has_value() || (*stamp)->version == version_) {
    return objects_.has_value();
  }
  if (!objects_.has_value() || hooks_.open()) {
    const absl::StatusOr<ReleaseContent> content =
        releases_.ReadContent(action_.release, action_.revision);
    if (!content.ok()) return objects_.has_value();
    if (!objects_.has_value()) Begin(*content);
    hooks_.Take(content->hooks);
  }
  version_ = (*stamp)->version;
  // Helm may go on to roll back, or to remove, what it gave up.
  const bool failed = action_.goal == Goal::kReady && (*stamp)->status == ReleaseStatus::kFailed;
  if (failed && !given_up_.has_value()) given_up_ = UnreadyObjects();
  return true;
}

void ReleaseFollower::Begin(const ReleaseContent& content) {
  std::vector<ObjectRef> refs;
  const absl::StatusOr<std::vector<ManifestObject>> objects = SplitManifest(content.manifest);
  if (objects.ok()) {
    LearnSecrets(*objects);
    for (const ManifestObject& object : *objects) {
      if (action_.goal.has_value() && !object.name.empty()) {
        refs.push_back(RefOf(object, action_.release.ns));
      }
    }
  }
  for (const ReleaseHook& hook : content.hooks) {
    const absl::StatusOr<std::vector<ManifestObject>> parts = SplitManifest(hook.manifest);
    if (parts.ok()) LearnSecrets(*parts);
  }
  objects_.emplace(std::move(refs), action_.goal.value_or(Goal::kReady));
  if (objects_->left_out() > 0) {
    updates_.Note(fmt::format("{} objects of the release are not followed", objects_->left_out()));
  }
}

void ReleaseFollower::LearnSecrets(const std::vector<ManifestObject>& objects) {
  for (const ManifestObject& object : objects) {
    if (object.kind != "Secret") continue;
    const absl::StatusOr<nlohmann::json> secret = object.Read();
    if (secret.ok()) redactor_->Learn(TextsOfSecret(*secret));
  }
}

void ReleaseFollower::LookAtWarnings() {
  warnings_.Collect();
  warnings_.Tell(
      cluster_,
      [this](const ObjectRef& ref) {
        const ObjectRef* object = objects_->Find(ref);
        return object != nullptr ? object : hooks_.Find(ref);
      },
      updates_);
}

std::vector<UnreadyObject> ReleaseFollower::UnreadyObjects() const {
  std::vector<UnreadyObject> unready;
  if (!objects_.has_value()) return unready;
  for (const ObjectTracker::Standing& standing : objects_->Unsettled()) {
    if (unready.size() == kMostNamed) break;
    unready.push_back({.object = standing.object,
                       .readiness = {.state = standing.readiness.state,
                                     .message = redactor_->Redact(standing.readiness.message)},
                       .warnings = warnings_.Of(standing.object)});
  }
  return unready;
}

}  // namespace berth::helm

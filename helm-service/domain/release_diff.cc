#include "helm-service/domain/release_diff.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <utility>

#include "common/status/macros.h"
#include "helm-service/domain/secret_masking.h"
#include "helm-service/domain/yaml_writer.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

// By what two states of a release are matched. Versions of an API are views of the same objects.
std::string KeyOf(const ManifestObject& object, const std::string& release_namespace) {
  const std::string hook = object.hook_events.empty() ? "" : "hook";
  if (object.kind.empty()) return fmt::format("{} {}", hook, object.source);
  const std::size_t slash = object.api_version.find('/');
  return fmt::format("{} {}/{} {}/{}", hook,
                     slash == std::string::npos ? "" : object.api_version.substr(0, slash),
                     object.kind, object.ns.empty() ? release_namespace : object.ns, object.name);
}

using Keyed = std::vector<std::pair<std::string, const ManifestObject*>>;

// Objects that a chart renders twice are told apart by their order.
Keyed WithKeys(const std::vector<ManifestObject>& objects, const std::string& release_namespace) {
  std::map<std::string, int> seen;
  Keyed keyed;
  for (const ManifestObject& object : objects) {
    const std::string key = KeyOf(object, release_namespace);
    keyed.emplace_back(fmt::format("{} {}", key, seen[key]++), &object);
  }
  return keyed;
}

// The text to compare of an object that is there.
std::string TextOf(const std::optional<Json>& object, const ManifestObject* rendered,
                   SecretValues secrets) {
  if (object.has_value()) return WriteYaml(*object);
  if (rendered == nullptr) return "";
  return secrets == SecretValues::kShown ? rendered->text : MaskDocument(rendered->text);
}

std::optional<Json> Read(const ManifestObject* rendered) {
  if (rendered == nullptr) return std::nullopt;
  absl::StatusOr<Json> object = rendered->Read();
  if (!object.ok()) return std::nullopt;
  return *std::move(object);
}

void Mask(std::optional<Json>& before, std::optional<Json>& after) {
  if (before.has_value() && after.has_value()) {
    MaskSecrets(*before, *after);
  } else if (before.has_value()) {
    MaskSecrets(*before);
  } else if (after.has_value()) {
    MaskSecrets(*after);
  }
}

ObjectChange::Kind KindOf(const ManifestObject* before, const ManifestObject* after,
                          const std::optional<Json>& before_json,
                          const std::optional<Json>& after_json) {
  if (before == nullptr) return ObjectChange::Kind::kAdded;
  if (after == nullptr) return ObjectChange::Kind::kRemoved;
  const bool equal = before_json.has_value() && after_json.has_value()
                         ? *before_json == *after_json
                         : before->text == after->text;
  return equal ? ObjectChange::Kind::kUnchanged : ObjectChange::Kind::kChanged;
}

// One object in both states, of which one may be missing; `latest` is the other one then.
ObjectChange Compare(const ManifestObject* before, const ManifestObject* after,
                     const ManifestObject& latest, const DiffOptions& options) {
  std::optional<Json> before_json = Read(before);
  std::optional<Json> after_json = Read(after);
  ObjectChange change{.kind = KindOf(before, after, before_json, after_json), .object = latest};
  change.object.text.clear();
  if (change.kind == ObjectChange::Kind::kUnchanged) return change;
  if (options.secrets == SecretValues::kMasked) Mask(before_json, after_json);
  change.text = UnifiedDiff(TextOf(before_json, before, options.secrets),
                            TextOf(after_json, after, options.secrets), options.labels);
  if (!before_json.has_value() || !after_json.has_value()) return change;
  change.fields = CompareObjects(*before_json, *after_json, options.fields + 1);
  change.more_fields = change.fields.size() > options.fields;
  if (change.more_fields) change.fields.pop_back();
  return change;
}

}  // namespace

absl::StatusOr<std::vector<ManifestObject>> RenderedObjects(const ReleaseContent& content,
                                                            const ManifestLimits& limits) {
  ASSIGN_OR_RETURN(std::vector<ManifestObject> objects, SplitManifest(content.manifest, limits));
  for (const ReleaseHook& hook : content.hooks) {
    ASSIGN_OR_RETURN(std::vector<ManifestObject> of_hook, SplitManifest(hook.manifest, limits));
    for (ManifestObject& object : of_hook) {
      if (object.source.empty()) object.source = hook.path;
      objects.push_back(std::move(object));
    }
  }
  return objects;
}

std::vector<ObjectChange> CompareRenderings(const std::vector<ManifestObject>& before,
                                            const std::vector<ManifestObject>& after,
                                            const DiffOptions& options) {
  const Keyed keyed_before = WithKeys(before, options.release_namespace);
  std::map<std::string, const ManifestObject*> unmatched(keyed_before.begin(), keyed_before.end());
  std::vector<ObjectChange> changes;
  for (const auto& [key, object] : WithKeys(after, options.release_namespace)) {
    const auto found = unmatched.find(key);
    const ManifestObject* const earlier = found == unmatched.end() ? nullptr : found->second;
    changes.push_back(Compare(earlier, object, *object, options));
    if (found != unmatched.end()) unmatched.erase(found);
  }
  for (const auto& [key, object] : keyed_before) {
    if (unmatched.contains(key)) changes.push_back(Compare(object, nullptr, *object, options));
  }
  return changes;
}

void MaskObjects(std::vector<ManifestObject>& objects) {
  for (ManifestObject& object : objects) object.text = MaskDocument(object.text);
}

}  // namespace berth::helm

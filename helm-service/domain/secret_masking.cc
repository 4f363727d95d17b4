#include "helm-service/domain/secret_masking.h"

#include <fmt/format.h>

#include <array>

#include "absl/status/status.h"
#include "helm-service/domain/yaml_values.h"
#include "helm-service/domain/yaml_writer.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

constexpr std::array kSecretFields = {"data", "stringData"};
constexpr char kLastApplied[] = "kubectl.kubernetes.io/last-applied-configuration";

bool IsOfKind(const Json& object, std::string_view kind) {
  if (!object.is_object()) return false;
  const auto found = object.find("kind");
  return found != object.end() && found->is_string() &&
         found->get_ref<const std::string&>() == kind;
}

bool IsList(const Json& object) {
  return object.is_object() && object.contains("items") && object["items"].is_array();
}

// The member, or null.
const Json* Find(const Json* object, const std::string& key) {
  if (object == nullptr || !object->is_object()) return nullptr;
  const auto found = object->find(key);
  return found == object->end() ? nullptr : &*found;
}

// One side of a comparison: the other one as it was, and the mark of what is different there.
struct Other {
  const Json* object = nullptr;
  std::string_view mark_of_change = kMasked;
};

void MaskValue(Json& value, const Json* other, std::string_view mark_of_change) {
  const bool changed = other != nullptr && *other != value;
  value = changed ? mark_of_change : kMasked;
}

void MaskSecret(Json& secret, const Other& other) {
  for (const char* field : kSecretFields) {
    const auto found = secret.find(field);
    if (found == secret.end() || found->is_null()) continue;
    const Json* there = Find(other.object, field);
    if (!found->is_object()) {
      MaskValue(*found, there, other.mark_of_change);
      continue;
    }
    for (auto& [key, value] : found->items()) {
      MaskValue(value, Find(there, key), other.mark_of_change);
    }
  }
  const Json* annotations = Find(Find(&secret, "metadata"), "annotations");
  if (Find(annotations, kLastApplied) != nullptr) {
    secret["metadata"]["annotations"][kLastApplied] = kMasked;
  }
}

bool Mask(Json& object, const Other& other) {
  bool any = IsOfKind(object, "Secret");
  if (any) MaskSecret(object, other);
  if (!IsList(object)) return any;
  const bool of_secrets = IsOfKind(object, "SecretList");
  for (Json& item : object["items"]) {
    any = Mask(item, {}) || any;
    if (!of_secrets || !item.is_object()) continue;
    MaskSecret(item, {});  // it need not repeat the kind
    any = true;
  }
  return any;
}

// Whether a document could be a Secret. Only an escape can write the word without its letters.
bool MayHoldSecret(std::string_view text) {
  return text.find("Secret") != std::string_view::npos || text.find('\\') != std::string_view::npos;
}

}  // namespace

bool MaskSecrets(Json& object) { return Mask(object, {}); }

void MaskSecrets(Json& before, Json& after) {
  const Json original = before;
  Mask(before, {.object = &after, .mark_of_change = kMaskedBefore});
  Mask(after, {.object = &original, .mark_of_change = kMaskedAfter});
}

std::string MaskDocument(const std::string& text, const ManifestLimits& limits) {
  if (!MayHoldSecret(text)) return text;
  absl::StatusOr<Json> object = ReadYamlObject(text, limits.document);
  if (!object.ok()) {
    return fmt::format("# Left out, for it may hold a Secret and cannot be read: {}\n",
                       std::string(object.status().message()));
  }
  return MaskSecrets(*object) ? WriteYaml(*object) : text;
}

absl::StatusOr<std::string> MaskManifest(std::string_view manifest, const ManifestLimits& limits) {
  if (manifest.size() > limits.bytes) {
    return absl::ResourceExhaustedError(
        fmt::format("the manifest has more than {} bytes", limits.bytes));
  }
  std::string masked;
  for (const ManifestDocument& document : SplitDocuments(manifest)) {
    masked += "---\n";
    if (!document.source.empty()) masked += fmt::format("# Source: {}\n", document.source);
    masked += MaskDocument(document.text, limits);
    if (!masked.ends_with('\n')) masked += '\n';
  }
  return masked;
}

}  // namespace berth::helm

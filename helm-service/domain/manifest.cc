#include "helm-service/domain/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "common/status/macros.h"
#include "helm-service/domain/yaml_values.h"
#include "helm-service/domain/yaml_writer.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kSourceComment = "# Source: ";
constexpr std::string_view kList = "List";
constexpr char kHookAnnotation[] = "helm.sh/hook";

// The first line of `text`, with its line break, cut off from it.
std::string_view CutLine(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line =
      text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
  text.remove_prefix(line.size());
  return line;
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string_view Trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Whether the line ends a document. No text inside of one can begin so at the first column.
bool IsSeparator(std::string_view line) {
  return line.starts_with("---") && (line.size() == 3 || IsBlank(line.substr(3, 1)));
}

// Whether there is more than comments.
bool HasContent(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = Trimmed(CutLine(text));
    if (!line.empty() && !line.starts_with('#')) return true;
  }
  return false;
}

std::string TextAt(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// What an annotation of Helm's lists.
std::vector<std::string> HookEventsOf(const Json& metadata) {
  const auto annotations = metadata.find("annotations");
  if (annotations == metadata.end() || !annotations->is_object()) return {};
  const std::string list = TextAt(*annotations, kHookAnnotation);
  std::vector<std::string> events;
  for (const absl::string_view event : absl::StrSplit(list, ',', absl::SkipWhitespace())) {
    events.emplace_back(absl::StripAsciiWhitespace(event));
  }
  return events;
}

ManifestObject Describe(const std::string& source, const Json& object, std::string text) {
  ManifestObject described{.source = source,
                           .api_version = TextAt(object, "apiVersion"),
                           .kind = TextAt(object, "kind"),
                           .text = std::move(text)};
  const auto metadata = object.find("metadata");
  if (metadata != object.end() && metadata->is_object()) {
    described.ns = TextAt(*metadata, "namespace");
    described.name = TextAt(*metadata, "name");
    described.hook_events = HookEventsOf(*metadata);
  }
  return described;
}

bool IsList(const Json& object) {
  const auto items = object.find("items");
  return TextAt(object, "kind").ends_with(kList) && items != object.end() && items->is_array();
}

// An item of a list of one kind need not repeat the kind.
Json WithKindOf(const Json& list, Json item) {
  const std::string kind = TextAt(list, "kind");
  if (kind == kList || item.contains("kind")) return item;
  item["kind"] = kind.substr(0, kind.size() - kList.size());
  item["apiVersion"] = TextAt(list, "apiVersion");
  return item;
}

absl::Status TooMany(const ManifestLimits& limits) {
  return absl::ResourceExhaustedError(
      fmt::format("the manifest has more than {} objects", limits.objects));
}

absl::Status AddObjects(ManifestDocument document, const ManifestLimits& limits,
                        std::vector<ManifestObject>& objects) {
  const absl::StatusOr<Json> object = ReadYamlObject(document.text, limits.document);
  if (!object.ok()) {
    objects.push_back({.source = std::move(document.source), .text = std::move(document.text)});
  } else if (IsList(*object)) {
    for (const Json& item : (*object)["items"]) {
      if (objects.size() == limits.objects) return TooMany(limits);
      if (!item.is_object()) continue;
      const Json whole = WithKindOf(*object, item);
      objects.push_back(Describe(document.source, whole, WriteYaml(whole)));
    }
  } else {
    objects.push_back(Describe(document.source, *object, std::move(document.text)));
  }
  return objects.size() > limits.objects ? TooMany(limits) : absl::OkStatus();
}

}  // namespace

std::vector<ManifestDocument> SplitDocuments(std::string_view manifest) {
  std::vector<ManifestDocument> documents;
  // A document without a comment of Helm's is from the same file as the one before it: the files
  // of crds/ are rendered whole.
  ManifestDocument open;
  bool has_source = false;
  const auto close = [&] {
    if (HasContent(open.text)) documents.push_back(open);
    open.text.clear();
    has_source = false;
  };
  while (!manifest.empty()) {
    std::string_view line = CutLine(manifest);
    if (IsSeparator(line)) {
      close();
      line.remove_prefix(3);
      if (IsBlank(line)) continue;
    }
    if (!has_source && IsBlank(open.text) && line.starts_with(kSourceComment)) {
      open.source = Trimmed(line.substr(kSourceComment.size()));
      has_source = true;
      continue;
    }
    open.text += line;
  }
  close();
  return documents;
}

absl::StatusOr<Json> ManifestObject::Read(const ManifestLimits& limits) const {
  return ReadYamlObject(text, limits.document);
}

absl::StatusOr<std::vector<ManifestObject>> SplitManifest(std::string_view manifest,
                                                          const ManifestLimits& limits) {
  if (manifest.size() > limits.bytes) {
    return absl::ResourceExhaustedError(
        fmt::format("the manifest has more than {} bytes", limits.bytes));
  }
  std::vector<ManifestObject> objects;
  for (ManifestDocument& document : SplitDocuments(manifest)) {
    RETURN_IF_ERROR(AddObjects(std::move(document), limits, objects));
  }
  return objects;
}

}  // namespace berth::helm

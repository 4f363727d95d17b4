#include "tests/integration/harness/custom_resources.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <thread>

#include "common/kube/object.h"
#include "common/status/macros.h"

namespace berth::harness {
namespace {

namespace fs = std::filesystem;
using kube::Json;

constexpr auto kEstablishTimeout = std::chrono::seconds(20);
constexpr auto kPollInterval = std::chrono::milliseconds(20);

template <typename Number>
bool ParseWhole(const std::string& text, Number& number) {
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && at == end;
}

Json ScalarToJson(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (text == "true") return true;
  if (text == "false") return false;
  if (text == "null" || text == "~" || text.empty()) return nullptr;
  std::int64_t integer = 0;
  if (ParseWhole(text, integer)) return integer;
  double number = 0;
  if (ParseWhole(text, number)) return number;
  return text;
}

Json ToJson(const YAML::Node& node) {
  if (node.IsScalar()) return ScalarToJson(node);
  if (node.IsSequence()) {
    Json array = Json::array();
    for (const YAML::Node& entry : node) array.push_back(ToJson(entry));
    return array;
  }
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& entry : node) object[entry.first.Scalar()] = ToJson(entry.second);
    return object;
  }
  return nullptr;
}

std::vector<fs::path> DefinitionFiles() {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::directory_iterator(fs::path(BERTH_SOURCE_FOLDER) / "deploy/chart/templates/crds")) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

absl::Status WaitUntilEstablished(kube::Client& client, const std::string& name) {
  const auto deadline = std::chrono::steady_clock::now() + kEstablishTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    ASSIGN_OR_RETURN(const Json definition,
                     client.Get(kube::kCustomResourceDefinitions, {.ns = "", .name = name}));
    if (kube::IsConditionTrue(definition, "Established")) return absl::OkStatus();
    std::this_thread::sleep_for(kPollInterval);
  }
  return absl::DeadlineExceededError(fmt::format("{} is not established", name));
}

/// A definition is established a moment before its resource is served.
absl::Status WaitUntilServed(kube::Client& client, const Json& definition) {
  const std::string plural = kube::StringAt(definition, {"spec", "names", "plural"});
  const std::string kind = kube::StringAt(definition, {"spec", "names", "kind"});
  const std::string group = kube::StringAt(definition, {"spec", "group"});
  const std::string version = kube::StringAt(definition["spec"]["versions"][0], {"name"});
  const kube::Resource resource{group, version, plural, kind};
  const auto deadline = std::chrono::steady_clock::now() + kEstablishTimeout;
  absl::Status status = absl::UnknownError("not asked");
  while (std::chrono::steady_clock::now() < deadline) {
    status = client.ListPage(resource, "", {.page_size = 1}).status();
    if (!kube::IsNotFound(status) && !kube::IsUnavailable(status)) return status;
    std::this_thread::sleep_for(kPollInterval);
  }
  return status;
}

}  // namespace

absl::StatusOr<std::vector<Json>> ReadYaml(const std::string& path) {
  try {
    std::vector<Json> documents;
    for (const YAML::Node& document : YAML::LoadAllFromFile(path)) {
      if (!document.IsNull()) documents.push_back(ToJson(document));
    }
    return documents;
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", path, error.what()));
  }
}

absl::Status ApplyDefinitions(kube::Client& client, const std::vector<Json>& definitions) {
  for (const Json& definition : definitions) {
    RETURN_IF_ERROR(client.Create(kube::kCustomResourceDefinitions, definition).status());
  }
  for (const Json& definition : definitions) {
    RETURN_IF_ERROR(WaitUntilEstablished(client, kube::Name(definition)));
    RETURN_IF_ERROR(WaitUntilServed(client, definition));
  }
  return absl::OkStatus();
}

absl::Status ApplyCustomResources(kube::Client& client) {
  std::vector<Json> definitions;
  for (const fs::path& file : DefinitionFiles()) {
    ASSIGN_OR_RETURN(const std::vector<Json> documents, ReadYaml(file));
    for (const Json& document : documents) definitions.push_back(document);
  }
  return ApplyDefinitions(client, definitions);
}

}  // namespace berth::harness

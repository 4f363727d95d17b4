#include "helm-service/adapters/dry_run_json.h"

#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "common/kube/object.h"

namespace berth::helm {
namespace {

using Json = nlohmann::json;

// Keeps the parser from building what is not wanted and may be large.
bool IsWanted(int depth, Json::parse_event_t event, Json& parsed) {
  const bool is_top_key = depth == 1 && event == Json::parse_event_t::key;
  return !is_top_key || (parsed != "chart" && parsed != "config");
}

ReleaseHook ReadHook(const Json& hook) {
  return {.name = kube::StringAt(hook, {"name"}),
          .kind = kube::StringAt(hook, {"kind"}),
          .path = kube::StringAt(hook, {"path"}),
          .manifest = kube::StringAt(hook, {"manifest"})};
}

}  // namespace

absl::StatusOr<DryRunRelease> ReadDryRun(const std::string& json) {
  const Json release = Json::parse(json, IsWanted, /*allow_exceptions=*/false);
  if (!release.is_object() || !release.contains("manifest")) {
    return absl::DataLossError("Helm's output is no release");
  }
  DryRunRelease read{.content = {.manifest = kube::StringAt(release, {"manifest"})},
                     .notes = kube::StringAt(release, {"info", "notes"})};
  const auto version = release.find("version");
  if (version != release.end() && version->is_number_integer()) read.revision = version->get<int>();
  const auto hooks = release.find("hooks");
  if (hooks == release.end() || !hooks->is_array()) return read;
  for (const Json& hook : *hooks) read.content.hooks.push_back(ReadHook(hook));
  return read;
}

}  // namespace berth::helm

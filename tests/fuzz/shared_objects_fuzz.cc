// What is Berth's and what is others' in a ConfigMap or Service that both write. The first line is
// berth.dev/owned, each further one an entry: "20001=shop/web:80" of a ConfigMap, or of a Service
// "s20001/UDP=name".

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <variant>

#include "common/pool/owned_ports.h"
#include "ingress-service/domain/config_map_entry.h"
#include "ingress-service/domain/config_map_merge.h"
#include "ingress-service/domain/service_merge.h"
#include "tests/fuzz/require.h"

namespace berth::ingress {
namespace {

using fuzz::Require;
using kube::Json;

PortKey Key(pool::Protocol protocol, int port) {
  return {protocol, *pool::Port::Parse(std::int64_t{port})};
}

EntryWishes Wishes() {
  return {.wishes = {{Key(pool::Protocol::kTcp, 20001), "a", "shop/web:80"},
                     {Key(pool::Protocol::kTcp, 20002), "b", std::nullopt},
                     {Key(pool::Protocol::kUdp, 20001), "c", "shop/dns:53"}},
          .written = {{Key(pool::Protocol::kTcp, 20003), "shop/old:80"}}};
}

// Every wish is either there or told why not; and there is nothing left to do afterwards.
template <typename Merge>
void CheckOutcome(const Merged& merged, const Merge& merge) {
  const Merged again = merge(merged.object);
  Require(!again.changed && again.object == merged.object, "a merge leaves nothing to be merged");
  for (const auto& [key, value] : merged.entries) {
    Require(again.entries.contains(key), "what was put there is known as Berth's");
  }
}

// What can be adopted reads the same when it is written back.
void CheckEntry(const std::string& value) {
  const std::optional<ConfigMapEntry> entry = ParseConfigMapEntry(value);
  if (!entry.has_value()) return;
  const auto* const number = std::get_if<pool::Port>(&entry->target.port);
  if (number == nullptr) return;
  const std::string text = FormatConfigMapEntry(entry->target, entry->options, *number);
  Require(ParseConfigMapEntry(text) == entry, "an entry survives being written");
}

void CheckConfigMap(const Json& metadata, const std::map<std::string, std::string>& data) {
  const Json config_map = {{"metadata", metadata}, {"data", data}};
  const auto owned = pool::OwnedPorts(config_map);
  const auto merge = [](const Json& object) {
    return MergeConfigMap(object, pool::Protocol::kTcp, Wishes(), MergeScope::kAll);
  };
  const Merged merged = merge(config_map);
  for (const auto& [key, value] : data) {
    CheckEntry(value);
    const auto port = pool::Port::Parse(std::string_view(key));
    const bool listed = port.ok() && owned.ok() && owned->tcp.Contains(*port);
    const bool written = key == "20003" && value == "shop/old:80";
    if (listed || written) continue;
    const Json& after = merged.object["data"];
    Require(after.contains(key) && after[key] == value, "what is not Berth's stays as it was");
  }
  CheckOutcome(merged, merge);
}

void CheckService(const Json& metadata, const Json& ports) {
  const Json service = {{"metadata", metadata}, {"spec", {{"ports", ports}}}};
  const auto merge = [](const Json& object) {
    return MergeService(object, Wishes(), MergeScope::kAll);
  };
  const Merged merged = merge(service);
  const auto owned = pool::OwnedPorts(service);
  for (const Json& port : ports) {
    const auto protocol = pool::ParseProtocol(port["protocol"].get<std::string>());
    const auto number = pool::Port::Parse(port["port"].get<std::int64_t>());
    const bool listed =
        owned.ok() && protocol.has_value() && number.ok() && owned->Of(*protocol).Contains(*number);
    if (listed) continue;
    const Json& after = merged.object["spec"]["ports"];
    Require(std::find(after.begin(), after.end(), port) != after.end(),
            "what is not Berth's stays as it was");
  }
  CheckOutcome(merged, merge);
}

void Check(const std::string& input) {
  std::istringstream lines(input);
  std::string line;
  Json metadata = {{"name", "shared"}};
  if (std::getline(lines, line) && !line.empty()) {
    metadata["annotations"] = {{std::string(pool::kOwnedAnnotation), line}};
  }
  std::map<std::string, std::string> data;
  Json ports = Json::array();
  std::map<std::string, bool> seen;
  while (std::getline(lines, line)) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string key = line.substr(0, equals);
    const std::string value = line.substr(equals + 1);
    if (!key.starts_with('s')) {
      data[key] = value;
      continue;
    }
    const std::string protocol = key.ends_with("/UDP") ? "UDP" : "TCP";
    const auto port = pool::Port::Parse(std::string_view(key).substr(1, key.find('/') - 1));
    // The API server refuses a place or a name that stands twice.
    if (!port.ok() || !seen.emplace(port->ToString() + protocol, true).second ||
        !seen.emplace("name " + value, true).second) {
      continue;
    }
    ports.push_back({{"name", value}, {"port", port->number()}, {"protocol", protocol}});
  }
  CheckConfigMap(metadata, data);
  CheckService(metadata, ports);
}

}  // namespace
}  // namespace berth::ingress

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  berth::ingress::Check(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}

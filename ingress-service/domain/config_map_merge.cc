#include "ingress-service/domain/config_map_merge.h"

#include <fmt/format.h>

#include <charconv>

#include "common/kube/object.h"
#include "common/pool/owned_ports.h"

namespace berth::ingress {
namespace {

// The port a controller reads the key as: Go's Atoi, which takes a sign and leading zeros.
std::optional<pool::Port> ReadKey(std::string_view key) {
  if (key.starts_with('+')) {
    key.remove_prefix(1);
  }
  int number = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
  if (error != std::errc() || end != key.data() + key.size()) {
    return std::nullopt;
  }
  const absl::StatusOr<pool::Port> port = pool::Port::Parse(std::int64_t{number});
  return port.ok() ? std::optional(*port) : std::nullopt;
}

// The entries of a ConfigMap, told apart by whose they are.
struct Entries {
  std::map<PortKey, std::string> ours;
  /// How to call them.
  std::map<PortKey, std::string> foreign;
};

Entries ReadEntries(const kube::Json& config_map, pool::Protocol protocol,
                    const pool::PortSet& owned, const EntryWishes& wishes) {
  Entries entries;
  for (const auto& [name, value] : kube::At(config_map, {"data"}).items()) {
    const std::optional<pool::Port> port = ReadKey(name);
    if (!port) {
      continue;
    }
    const PortKey key{protocol, *port};
    const std::string text = value.is_string() ? value.get<std::string>() : value.dump();
    if (name == port->ToString() &&
        (owned.Contains(*port) || wishes.written.contains({key, text}))) {
      entries.ours.emplace(key, text);
    } else {
      entries.foreign.emplace(key, fmt::format("the entry '{}'", text));
    }
  }
  for (const auto& [name, value] : kube::At(config_map, {"binaryData"}).items()) {
    if (const std::optional<pool::Port> port = ReadKey(name)) {
      entries.foreign.emplace(PortKey{protocol, *port}, "an entry of binary data");
    }
  }
  return entries;
}

}  // namespace

std::map<PortKey, std::string> ForeignEntries(const kube::Json& config_map, pool::Protocol protocol,
                                              const EntryWishes& wishes) {
  const pool::PortsByProtocol owned =
      pool::OwnedPorts(config_map).value_or(pool::PortsByProtocol{});
  std::map<PortKey, std::string> foreign;
  for (const auto& [key, text] :
       ReadEntries(config_map, protocol, owned.Of(protocol), wishes).foreign) {
    const kube::Json& value = kube::At(config_map, {"data", key.port.ToString()});
    if (value.is_string()) {
      foreign.emplace(key, value.get<std::string>());
    }
  }
  return foreign;
}

Merged MergeConfigMap(const kube::Json& config_map, pool::Protocol protocol,
                      const EntryWishes& wishes, MergeScope scope) {
  Merged merged{.object = config_map};
  // An annotation changed by hand says nothing; what statuses record still does.
  const pool::PortsByProtocol owned =
      pool::OwnedPorts(config_map).value_or(pool::PortsByProtocol{});
  const Entries entries = ReadEntries(config_map, protocol, owned.Of(protocol), wishes);
  const auto granted = GrantWishes(wishes, {&protocol, 1}, entries.foreign, merged.taken);

  for (const auto& [key, value] : entries.ours) {
    if (granted.contains(key)) {
      merged.entries.emplace(key, value);
    } else {
      merged.object["data"].erase(key.port.ToString());
      merged.unasked.emplace(key, value);
    }
  }
  for (const auto& [key, wish] : granted) {
    if (!wish->value) {
      continue;
    }
    const auto current = entries.ours.find(key);
    const bool put_right =
        NoteDrift(*wish, *wish->value,
                  current == entries.ours.end() ? std::nullopt : std::optional(current->second),
                  wishes, merged);
    if (scope == MergeScope::kAll && put_right) {
      merged.object["data"][key.port.ToString()] = *wish->value;
      merged.entries.insert_or_assign(key, *wish->value);
    }
  }
  RecordOwned(merged, owned, {&protocol, 1});
  merged.changed = merged.object != config_map;
  return merged;
}

}  // namespace berth::ingress

#include "ingress-service/domain/rule_objects.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "common/kube/object.h"

namespace berth::ingress {

std::string KeyOf(const RuleObject& object) {
  const std::string key = fmt::format("{}/{}", object.resource.kind, object.name.ToString());
  return object.resource.group.empty() ? fmt::format("{}/{}", object.resource.version, key) : key;
}

std::string Fingerprint(const kube::Json& content) {
  // FNV-1a, 64 bits; the text has its members in order.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : content.dump()) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return fmt::format("{:016x}", hash);
}

std::optional<pool::ClaimName> RuleOf(const kube::Json& object, const std::string& ns) {
  const std::optional<std::string> text = kube::Annotation(object, kRuleAnnotation);
  if (!text || !text->starts_with(ns + "/")) {
    return std::nullopt;
  }
  absl::StatusOr<pool::ClaimName> name = pool::ClaimName::Parse(text->substr(ns.size() + 1));
  return name.ok() ? std::optional(*std::move(name)) : std::nullopt;
}

bool Covers(const kube::Json& stored, const kube::Json& asked) {
  if (asked.is_object()) {
    for (const auto& [name, value] : asked.items()) {
      const auto found = stored.find(name);
      const bool is_there = found != stored.end() && !found->is_null();
      if (is_there == value.is_null() || (is_there && !Covers(*found, value))) {
        return false;
      }
    }
    return stored.is_object();
  }
  if (asked.is_array()) {
    return stored.is_array() &&
           std::equal(stored.begin(), stored.end(), asked.begin(), asked.end(),
                      [](const auto& a, const auto& b) { return Covers(a, b); });
  }
  return stored == asked;
}

bool HasContent(const kube::Json& stored, const RuleObject& asked) {
  return Covers(stored, asked.content) &&
         std::all_of(asked.exact.begin(), asked.exact.end(), [&](const auto& map) {
           return stored.contains(map) && stored.at(map) == asked.content.at(map);
         });
}

void SetContent(kube::Json& object, const RuleObject& asked) {
  for (const kube::Json::json_pointer& map : asked.exact) {
    if (object.contains(map)) {
      object[map] = kube::Json::object();
    }
  }
  object.merge_patch(asked.content);
}

}  // namespace berth::ingress

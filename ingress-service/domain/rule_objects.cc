#include "ingress-service/domain/rule_objects.h"

#include <algorithm>

#include "common/kube/object.h"

namespace berth::ingress {

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
      if (found == stored.end() || !Covers(*found, value)) {
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

}  // namespace berth::ingress

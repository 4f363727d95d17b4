#include "helm-service/domain/object_ref.h"

#include <fmt/format.h>

#include <tuple>
#include <utility>

#include "common/kube/object.h"

namespace berth::helm {

std::string ObjectRef::ToString() const {
  return ns.empty() ? fmt::format("{} {}", kind, name) : fmt::format("{} {}/{}", kind, ns, name);
}

bool ObjectRef::SameObjectAs(const ObjectRef& other) const {
  return std::tie(group, kind, ns, name) == std::tie(other.group, other.kind, other.ns, other.name);
}

ObjectRef RefOf(const kube::Json& object) {
  return MakeRef(kube::StringAt(object, {"apiVersion"}), kube::StringAt(object, {"kind"}),
                 kube::Namespace(object), kube::Name(object));
}

ObjectRef RefOf(const ManifestObject& object, const NamespaceName& release_ns) {
  return MakeRef(object.api_version, object.kind,
                 object.ns.empty() ? release_ns.value() : object.ns, object.name);
}

ObjectRef MakeRef(const std::string& api_version, std::string kind, std::string ns,
                  std::string name) {
  const std::size_t slash = api_version.find('/');
  const bool core = slash == std::string::npos;
  return {.group = core ? "" : api_version.substr(0, slash),
          .version = core ? api_version : api_version.substr(slash + 1),
          .kind = std::move(kind),
          .ns = std::move(ns),
          .name = std::move(name)};
}

}  // namespace berth::helm

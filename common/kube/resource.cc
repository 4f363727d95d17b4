#include "common/kube/resource.h"

#include <fmt/format.h>

#include "common/kube/percent.h"

namespace berth::kube {

std::string Resource::ApiVersion() const {
  return group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
}

std::string Resource::VersionPath() const {
  return group.empty() ? fmt::format("/api/{}", version)
                       : fmt::format("/apis/{}/{}", group, version);
}

std::string Resource::CollectionPath(std::string_view ns) const {
  std::string path = VersionPath();
  if (!ns.empty()) path += fmt::format("/namespaces/{}", PercentEncode(ns));
  return fmt::format("{}/{}", path, plural);
}

std::string Resource::ObjectPath(std::string_view ns, std::string_view name) const {
  return fmt::format("{}/{}", CollectionPath(ns), PercentEncode(name));
}

std::string ObjectName::ToString() const {
  return ns.empty() ? name : fmt::format("{}/{}", ns, name);
}

}  // namespace berth::kube

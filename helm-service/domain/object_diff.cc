#include "helm-service/domain/object_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace berth::helm {
namespace {

using Json = nlohmann::json;

std::string Escaped(std::string_view token) {
  std::string escaped;
  for (const char c : token) {
    if (c == '~') {
      escaped += "~0";
    } else if (c == '/') {
      escaped += "~1";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// The children of a structure by path segment.
using Children = std::map<std::string, const Json*>;

std::string NameOf(const Json& element) {
  if (!element.is_object()) return "";
  const auto name = element.find("name");
  return name != element.end() && name->is_string() ? name->get<std::string>() : "";
}

// Whether each element has a name of its own.
bool HasNames(const Json& list) {
  std::set<std::string> names;
  return std::all_of(list.begin(), list.end(), [&](const Json& element) {
    const std::string name = NameOf(element);
    return !name.empty() && names.insert(name).second;
  });
}

Children MembersOf(const Json& object) {
  Children children;
  for (const auto& [key, value] : object.items()) children[Escaped(key)] = &value;
  return children;
}

Children ElementsByName(const Json& list) {
  Children children;
  for (const Json& element : list) children["name=" + Escaped(NameOf(element))] = &element;
  return children;
}

class Comparison {
 public:
  explicit Comparison(std::size_t limit) : limit_(limit) {}

  std::vector<FieldChange> Take() && { return std::move(changes_); }

  void Compare(const Json& before, const Json& after, const std::string& path) {
    if (before == after) return;
    if (before.is_object() && after.is_object()) {
      return CompareChildren(MembersOf(before), MembersOf(after), path);
    }
    if (before.is_array() && after.is_array()) return CompareLists(before, after, path);
    Add({.path = path, .before = before, .after = after});
  }

 private:
  void Add(FieldChange change) {
    if (changes_.size() < limit_) changes_.push_back(std::move(change));
  }

  void CompareChildren(const Children& before, const Children& after, const std::string& path) {
    for (const auto& [segment, value] : before) {
      const auto found = after.find(segment);
      if (found != after.end()) {
        Compare(*value, *found->second, fmt::format("{}/{}", path, segment));
      } else {
        Add({.path = fmt::format("{}/{}", path, segment), .before = *value});
      }
    }
    for (const auto& [segment, value] : after) {
      if (!before.contains(segment))
        Add({.path = fmt::format("{}/{}", path, segment), .after = *value});
    }
  }

  void CompareLists(const Json& before, const Json& after, const std::string& path) {
    if (HasNames(before) && HasNames(after)) {
      const std::size_t found_before = changes_.size();
      CompareChildren(ElementsByName(before), ElementsByName(after), path);
      // Only the order is another.
      if (changes_.size() == found_before) Add({.path = path, .before = before, .after = after});
      return;
    }
    const std::size_t common = std::min(before.size(), after.size());
    for (std::size_t i = 0; i < common; ++i) {
      Compare(before[i], after[i], path + "/" + std::to_string(i));
    }
    for (std::size_t i = common; i < before.size(); ++i) {
      Add({.path = path + "/" + std::to_string(i), .before = before[i]});
    }
    for (std::size_t i = common; i < after.size(); ++i) {
      Add({.path = path + "/" + std::to_string(i), .after = after[i]});
    }
  }

  const std::size_t limit_;
  std::vector<FieldChange> changes_;
};

}  // namespace

std::vector<FieldChange> CompareObjects(const Json& before, const Json& after, std::size_t limit) {
  Comparison comparison(limit);
  comparison.Compare(before, after, "");
  return std::move(comparison).Take();
}

}  // namespace berth::helm

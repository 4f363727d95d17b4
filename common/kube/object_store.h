#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/kube/cache.h"

namespace berth::kube {

/// The objects of a cache and its indexes. Not thread safe.
class ObjectStore {
 public:
  using Object = Cache::Object;
  using Change = Cache::Change;

  explicit ObjectStore(std::map<std::string, Cache::KeyFunction> key_functions);

  /// None if this very version is stored already.
  std::optional<Change> Put(Object object);
  /// None if there was none.
  std::optional<Change> Remove(const ObjectName& name);
  /// Makes these the only objects.
  std::vector<Change> ReplaceAll(const std::vector<Object>& objects);

  Object Get(const ObjectName& name) const;
  std::vector<Object> List() const;
  std::vector<Object> ListNamespace(const std::string& ns) const;
  std::vector<Object> ByIndex(const std::string& index, const std::string& key) const;

 private:
  struct Entry {
    std::string key;
    /// That of objects_; null sorts before all names.
    const ObjectName* name = nullptr;

    bool operator<(const Entry& other) const;
  };
  struct Index {
    Cache::KeyFunction keys_of;
    std::set<Entry> entries;
  };

  void AddToIndexes(const ObjectName& name, const Json& object);
  void RemoveFromIndexes(const ObjectName& name, const Json& object);

  std::map<ObjectName, Object> objects_;
  std::map<std::string, Index> indexes_;
};

}  // namespace berth::kube

#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "common/kube/client.h"

namespace berth::faults {

/// Somebody who edits a shared ConfigMap and a shared Service by hand, and looks each time whether
/// what they had put there is as they left it, byte for byte. They take no number that is in use.
/// Not thread safe.
class ForeignEntries {
 public:
  /// `client` must outlive it. The objects are "tcp" and "nginx" in `ns`.
  ForeignEntries(kube::Client& client, std::string ns, std::uint64_t seed);

  /// Adds or removes one entry, in one of the objects; waits out an API server that is down.
  void Edit();
  /// Looks without writing.
  void Check();

  /// The entries, as "object/key".
  std::map<std::string, std::string> entries() const;
  const std::vector<std::string>& violations() const { return violations_; }
  int edits() const { return edits_; }

 private:
  enum class Place { kConfigMap, kService };

  kube::Json Read(Place place);
  void Compare(Place place, const kube::Json& object);
  bool TryEdit(Place place, int port, bool add);

  kube::Client& client_;
  const std::string ns_;
  std::mt19937_64 random_;
  std::map<Place, std::map<int, kube::Json>> expected_;
  std::vector<std::string> violations_;
  int edits_ = 0;
};

}  // namespace berth::faults

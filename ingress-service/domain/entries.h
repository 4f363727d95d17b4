#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/kube/json.h"
#include "common/pool/port.h"
#include "common/pool/port_set.h"

namespace berth::ingress {

/// Annotation of a shared object: the revision of the rules its entries were computed from. Whoever
/// writes the object next uses rules of at least that revision.
inline constexpr std::string_view kFenceAnnotation = "berth.dev/fence";

/// None without the annotation, or if it was changed by hand to something that is no revision.
std::optional<std::uint64_t> FenceOf(const kube::Json& object);

/// Raises the fence to `revision`; never lowers it.
void RaiseFence(kube::Json& object, std::uint64_t revision);

/// A place on a load balancer.
struct PortKey {
  pool::Protocol protocol = pool::Protocol::kTcp;
  pool::Port port;

  friend auto operator<=>(const PortKey&, const PortKey&) = default;
};

/// An entry that a rule asks for.
struct Wish {
  PortKey key;
  /// Name of the rule.
  std::string rule;
  /// What a ConfigMap is to say; a Service's port follows from the key. None: what is there stays
  /// as it is, and nothing is added.
  std::optional<std::string> value;
  /// Whether an entry that others changed or took away since it was written is put right.
  bool repair = true;
};

/// What the entries of a shared object are computed from.
struct EntryWishes {
  /// One for each rule that is live or undecided. Of several for one place the first gets it.
  std::vector<Wish> wishes;
  /// What statuses of rules record as written to this object: an entry that berth.dev/owned does
  /// not list is Berth's only if it is one of these, to the letter.
  std::set<std::pair<PortKey, std::string>> written;
};

/// Which part of the difference a write carries out.
enum class MergeScope {
  /// Entries that no rule asks for any more go; nothing else changes.
  kRemove,
  /// Entries are added and put right as well.
  kAll,
};

/// An entry that is not what it should be, through no write of Berth's.
struct Drift {
  PortKey key;
  /// Name of its rule; none if no rule asks for it, and it only is listed as Berth's.
  std::optional<std::string> rule;
  /// What the rule asks for.
  std::optional<std::string> wanted;
  /// What is there; none if nothing is.
  std::optional<std::string> found;

  friend bool operator==(const Drift&, const Drift&) = default;
};

/// A shared object as it is to be.
struct Merged {
  kube::Json object;
  /// Whether it differs from the one that was read.
  bool changed = false;
  /// Berth's entries in it: the values to record as written.
  std::map<PortKey, std::string> entries;
  /// Rules that do not get their place, with who holds it.
  std::map<std::string, std::string> taken;
  /// What others had changed of the object that was read; put right in `object` where the wish says
  /// so and the scope allows it.
  std::vector<Drift> drift;
  /// Berth's entries of the object that was read which no live rule asks for.
  std::map<PortKey, std::string> unasked;
};

/// The wishes for `protocols` that get a place: the first of those for one place, unless a foreign
/// entry is there. `foreign` says what to call it. The others are added to `taken`.
std::map<PortKey, const Wish*> GrantWishes(const EntryWishes& wishes,
                                           std::span<const pool::Protocol> protocols,
                                           const std::map<PortKey, std::string>& foreign,
                                           std::map<std::string, std::string>& taken);

/// Compares what is there with what a wish that was granted its place comes to, and adds what
/// others did to `merged.drift`. False if it is to stay as they left it.
bool NoteDrift(const Wish& wish, const std::string& wanted, const std::optional<std::string>& found,
               const EntryWishes& wishes, Merged& merged);

/// Makes berth.dev/owned list exactly `merged.entries` of `protocols`; other protocols stay as in
/// `owned`.
void RecordOwned(Merged& merged, pool::PortsByProtocol owned,
                 std::span<const pool::Protocol> protocols);

}  // namespace berth::ingress

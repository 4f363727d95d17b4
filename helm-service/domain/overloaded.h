#pragma once

namespace berth::helm {

/// Makes one visitor for std::visit out of a lambda per alternative.
template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

}  // namespace berth::helm

// Reads names and positions out of locations; see Locations.h.

#include "Support/Locations.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace afe {

static void visit(Location loc, llvm::function_ref<void(Location)> fn) {
  fn(loc);
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      visit(part, fn);
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    visit(call.getCallee(), fn);
}

SmallVector<std::string> namesIn(Location loc) {
  SmallVector<std::string> names;
  visit(loc, [&](Location part) {
    auto named = dyn_cast<NameLoc>(part);
    if (named && !llvm::is_contained(names, named.getName().str()))
      names.push_back(named.getName().str());
  });
  return names;
}

std::string describe(Location loc) {
  std::string text = llvm::join(namesIn(loc), ", ");
  FileLineColLoc position;
  visit(loc, [&](Location part) {
    if (auto named = dyn_cast<NameLoc>(part))
      part = named.getChildLoc();
    if (auto file = dyn_cast<FileLineColLoc>(part); file && !position)
      position = file;
  });
  if (!position)
    return text.empty() ? "unknown" : text;
  std::string where = (position.getFilename().getValue() + ":" + Twine(position.getLine())).str();
  return text.empty() ? where : text + " (" + where + ")";
}

} // namespace afe

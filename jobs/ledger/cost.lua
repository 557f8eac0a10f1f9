-- Prepended to the scripts that price calls. `tiers`: {{from unit, nano-dollars per unit}, ...}, rising.
local function cost(tiers, units)
  local total = 0
  for i = #tiers, 1, -1 do
    local from = tiers[i][1]
    if units > from then
      total = total + (units - from) * tiers[i][2]
      units = from
    end
  end
  return total
end


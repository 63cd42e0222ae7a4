-- Which types, parameters and types of targets go together, and how often: counted apart, references of a rare kind are
-- taken for none at all, and a search through them reads every one of them.
create statistics index_reference_kinds (mcv) on type, param, target_type from index_reference;
